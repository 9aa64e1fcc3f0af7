"""Log lines hold what is on a list and nothing else, whatever goes wrong, in every view."""

import ast
import io
import json
import logging
import logging.config
import threading
from datetime import UTC, datetime
from functools import wraps
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from audit.verbs import Verb
from cases import door
from core import logs
from tests.cases.made_files import a_file
from tests.conftest import SENTINELS
from tests.guards import log, source

pytestmark = pytest.mark.django_db

KEYS = {"time", "level", "logger", "event", "at", "request", "frames", *logs.EXTRA}
MARK = "Меченая-8f2c"
QUERY = {"q": f"query {MARK}", "before": MARK}
HEADERS = {"user-agent": f"header {MARK}", "referer": f"http://testserver/{MARK}", "x-marked": MARK}


@pytest.fixture
def written(monkeypatch):
    """What goes to the console, with Tutela's own settings and each logger at its most talkative."""
    stream = io.StringIO()
    talkative = settings.LOGGING | {
        "handlers": {"console": settings.LOGGING["handlers"]["console"] | {"stream": stream}},
        "root": {"handlers": ["console"], "level": "DEBUG"},
        "loggers": {
            name: {**told, "level": "DEBUG"} for name, told in settings.LOGGING["loggers"].items()
        },
    }
    logging.config.dictConfig(talkative)
    yield stream
    logging.config.dictConfig(settings.LOGGING)


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def patterns() -> list[tuple[str, URLPattern]]:
    """(name, pattern) of every address."""

    def walk(found: list, space: str):
        for pattern in found:
            if isinstance(pattern, URLResolver):
                inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
                yield from walk(pattern.url_patterns, inner)
            else:
                yield space + pattern.name, pattern

    return list(walk(get_resolver().url_patterns, ""))


class Person:
    """What a view could have at hand when it fails."""

    def __init__(self) -> None:
        self.name = MARK

    def __repr__(self) -> str:
        return f"<Person {self.name}>"


def breaking(view):
    """The view, failing with data in its message, its variables, its cause and its notes."""

    @wraps(view)
    def broken(request, *args, **kwargs):
        person, told = Person(), f"{request.POST} {request.GET} {request.headers} {MARK}"
        logging.getLogger("some.library").warning("failed for %r: %s", person, told)
        logging.getLogger("another.library").error(f"failed for {person!r}")
        try:
            raise KeyError(person.name, told)
        except KeyError as error:
            failure = ValueError(f"{person!r} {told}")
            failure.add_note(told)
            raise failure from error

    return login_not_required(broken)


def test_a_fault_in_any_view_tells_nothing_of_what_was_sent(
    case, alena, client_for, written, monkeypatch, capfd
):
    known = {"reference": case.reference, "number": 1, "file": case.pk, "grant": case.pk}
    known |= {"assistance": case.pk, "person": alena.pk, "item": case.pk, "token": "none"}
    known |= dict.fromkeys(
        ("conflict", "notice", "exclusion", "team", "office", "entry", "link"), case.pk
    )
    known |= dict.fromkeys(("closure", "task", "transfer", "incoming", "saved"), case.pk)
    known |= {"organisation": case.pk, "proposal": case.pk, "kind": "give_role", "pk": 1}
    known |= {"language": "en", "name": "event", "asked": case.pk, "referral": case.pk}
    known |= {"table": "gender", "topic": "access", "job": case.pk}
    known |= dict.fromkeys(("cost", "payment", "line", "provider", "release"), case.pk)
    browser = client_for(alena)
    browser.raise_request_exception = False
    broken = []
    for name, pattern in patterns():
        monkeypatch.setattr(pattern, "callback", breaking(pattern.callback))
        wanted = {part: known[part] for part in pattern.pattern.converters}
        try:
            url = reverse(name, kwargs=wanted)
        except NoReverseMatch:  # the number stands in the address that this one is part of
            url = reverse(name, kwargs={"pk": 1})
        for answer in (
            browser.get(url, QUERY, headers=HEADERS),
            browser.post(url, {"name": f"field {MARK}"}, headers=HEADERS, query_params=QUERY),
        ):
            assert answer.status_code == 500, name
            assert MARK not in answer.content.decode() + str(answer.headers), name
        broken.append(name)
    assert len(broken) > 60
    printed = written.getvalue() + "".join(capfd.readouterr())
    for word in (MARK, MARK.upper(), ascii(MARK)[1:-1], "query ", "Person ", case.reference):
        assert word not in printed, word
    told = lines(written)
    assert all(line.keys() <= KEYS for line in told)
    faults = [line for line in told if "frames" in line]
    # Each of ours names the view, the type, and the way to where it was raised.
    assert len(faults) >= 2 * len(broken)
    for line in faults:
        assert line["error"] == "ValueError from KeyError"
        assert line["frames"][-1].startswith("tests/guards/test_logs.py:")
    answered = [line for line in told if line.get("event") == "answered"]
    assert {line["view"] for line in answered} == set(broken)
    assert {line["status"] for line in answered} == {500}
    libraries = [line for line in told if line["logger"].endswith(".library")]
    assert len(libraries) == 4 * len(broken)
    assert all(line.keys() == {"time", "level", "logger", "at", "request"} for line in libraries)


def test_pages_errors_and_refusals_tell_no_words_of_a_case(
    case, alena, ihar, client_for, written, capfd
):
    browser, stranger = client_for(alena), client_for(ihar)
    urls = [
        reverse(f"cases:{name}", args=[case.reference]) for name in ("detail", "trail", "person")
    ]
    for url in [*urls, f"/cases/?status={MARK}", f"/nothing/{MARK}/", "/cases/"]:
        for who in (browser, stranger, Client()):
            who.get(url, headers=HEADERS)
    browser.post("/cases/search/", {"q": SENTINELS["identity"]}, follow=True)
    browser.post("/cases/register/", {"second_name": MARK, "birth_date": MARK})
    Client().post("/account/sign-in/", {"login": MARK, "password": MARK})
    Client().get("/", headers={"host": f"{MARK.encode().hex()}.example"})
    printed = written.getvalue() + "".join(capfd.readouterr())
    words = [*SENTINELS.values(), MARK, MARK.encode().hex(), case.reference, "alena", "Ганна"]
    assert [word for word in words if word in printed] == []
    assert all(line.keys() <= KEYS for line in lines(written))


def test_a_line_of_an_answer_says_which_and_is_tied_to_the_log(case, alena, client_for, written):
    start = log.size()
    client_for(alena).get(reverse("cases:detail", args=[case.reference]))
    [line] = [line for line in lines(written) if line.get("event") == "answered"]
    assert line["view"] == "cases:detail" and line["method"] == "GET" and line["status"] == 200
    assert 0 <= line["ms"] < 60_000 and line["level"] == "INFO"
    assert abs(datetime.now(UTC) - datetime.fromisoformat(line["time"])).total_seconds() < 60
    [event] = [event for event in log.since(start) if event.verb == Verb.CASE_VIEWED]
    assert log.told(event)["request"] == line["request"]


def test_a_file_that_breaks_off_tells_nothing(case, alena, client_for, written, monkeypatch, capfd):
    """The answer has begun, so no page of ours stands between the exception and the server."""
    file = a_file(case, alena, content=b"", name="a.png")

    def fail(self, size):
        raise ValueError(MARK)

    monkeypatch.setattr(door.OpenFile, "read", fail)
    answer = client_for(alena).get(reverse("cases:download", args=[case.reference, file.pk]))
    with pytest.raises(ValueError):
        answer.getvalue()
    assert MARK not in written.getvalue() + "".join(capfd.readouterr())


def test_what_nobody_caught_is_a_line_too(written, monkeypatch, capfd):
    for name in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(f"sys.{name}", getattr(__import__("sys"), name))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.tell_what_nobody_caught()

    def fail():
        raise ValueError(MARK)

    thread = threading.Thread(target=fail, name=MARK)
    thread.start()
    thread.join()

    class Clumsy:
        def __del__(self):
            raise KeyError(MARK)

    Clumsy()
    assert MARK not in written.getvalue() + "".join(capfd.readouterr())
    told = [(line["error"], line["level"]) for line in lines(written)]
    assert told == [("ValueError", "CRITICAL"), ("KeyError", "CRITICAL")]


def test_values_are_numbers_or_short_and_stay_on_one_line(written):
    ours = logging.getLogger("core.tests")
    ours.info(
        "told",
        extra={"count": 3, "place": "a\nb" * 1000, "name_of_person": MARK, "step": UUID(int=1)},
    )
    [text] = written.getvalue().splitlines()
    line = json.loads(text)
    assert line["count"] == 3 and len(line["place"]) == logs.LONGEST
    assert line["step"] == str(UUID(int=1)) and MARK not in text


# --- What our own code logs -----------------------------------------------------------
SPEAKING = {"debug", "info", "warning", "error", "critical", "exception"}


def own_calls():
    for path, call in source.calls():
        match call.func:
            case ast.Attribute(value=ast.Name(id="log" | "logger"), attr=attr) if attr in SPEAKING:
                yield path, call


def test_what_we_log_is_a_constant_and_keys_of_the_list():
    found = list(own_calls())
    assert len(found) >= 9
    for path, call in found:
        where = f"{path}:{call.lineno}"
        [message] = call.args
        assert isinstance(message, ast.Constant) and "%" not in message.value, where
        assert {keyword.arg for keyword in call.keywords} <= {"extra", "exc_info"}, where
        tree = source.modules()[path]
        for keyword in call.keywords:
            if keyword.arg == "extra":
                assert _keys(keyword.value, tree, call.lineno) <= set(logs.EXTRA), where


def _keys(value: ast.expr, tree: ast.Module, line: int) -> set[str]:
    """Keys of a dictionary that is written there, or just before under a name."""
    if isinstance(value, ast.Name):
        before = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and node.lineno <= line
            and ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
            == value.id
        ]
        value = max(before, key=lambda node: node.lineno).value
    assert isinstance(value, ast.Dict)
    return {ast.literal_eval(key) for key in value.keys}


def test_nobody_logs_in_another_way():
    others = [
        f"{path}:{call.lineno}"
        for path, call in source.calls()
        if source.called(call) == "getLogger" and ast.unparse(call) != "logging.getLogger(__name__)"
    ]
    assert others == []
    names = {
        (path, name) for path, name in source.names() if name in ("print_exc", "captureWarnings")
    }
    assert not names
