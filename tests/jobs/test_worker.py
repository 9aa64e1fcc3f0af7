"""A worker takes jobs out of the library's table, where nothing stands but ids."""

import json
import subprocess
import sys
import time

import pytest
from django.core.management import CommandError, call_command

from config import beside, startup
from tests.conftest import SENTINELS
from tests.databases import run_beside


@pytest.mark.either_database
def test_a_worker_does_what_waits_and_keeps_nothing_in_clear(own_databases):
    done = run_beside("jobs.working", databases=own_databases, timeout=300)
    told = json.loads(done.stdout)
    assert told["ready"] == 3  # they waited for the worker
    assert told["seen"] == [False, True]
    assert told["states"] == ["done", "failed", "done"]
    assert told["made"] == SENTINELS["identity"] and told["is_over"]
    assert [task["args_kwargs"]["args"] for task in told["tasks"]] == [[pk] for pk in told["ids"]]
    for task in told["tasks"]:
        assert (task["status"], task["return_value"]) == ("SUCCESSFUL", None)
        assert task["traceback"] == task["exception_class_path"] == ""
    assert SENTINELS["identity"] not in json.dumps(told["tasks"], ensure_ascii=False)
    assert SENTINELS["identity"] not in done.stderr and "ValueError" in done.stderr


def test_a_worker_that_ends_is_begun_again_and_ends_with_the_pages(monkeypatch, tmp_path):
    begun = tmp_path / "begun"
    script = f"open({str(begun)!r}, 'a').write('.'); import time; time.sleep({{}})"
    monkeypatch.setattr(beside, "AGAIN_AFTER", 0.05)
    seconds = iter([0, 0, 600])

    def command(self):
        return subprocess.Popen([sys.executable, "-c", script.format(next(seconds))])

    monkeypatch.setattr(beside.WorkerBeside, "_begun", command)
    running = beside.WorkerBeside()
    wait_for(lambda: begun.exists() and begun.read_text() == "...")
    running.stop()
    assert running._process.poll() is not None
    assert begun.read_text() == "..."


def test_with_a_passphrase_the_process_that_has_the_keys_does_the_work(settings, monkeypatch):
    started = []
    monkeypatch.setattr(startup, "Thread", lambda **about: started.append(about["name"]) or Idle())
    for name in ("effective.tell_of_start", "sequencer.run_beside", "erasure.finish_erasures"):
        monkeypatch.setattr(f"config.startup.{name}", lambda: None)
    monkeypatch.setattr(startup, "warm_up", lambda: None)
    startup.run_beside()
    assert "worker" not in started
    settings.ROOT_KEY_PROVIDER = "passphrase"
    startup.run_beside()
    assert started[-1] == "worker"
    with pytest.raises(CommandError, match="passphrase"):
        call_command("work")


class Idle:
    def start(self) -> None:
        """Begin nothing."""


def wait_for(is_so, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)
