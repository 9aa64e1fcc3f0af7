"""A log on a web server, which has the same files."""

import gzip
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.verify.conftest import Check
from tests.verify.logs import Log, put, tile


class Files(SimpleHTTPRequestHandler):
    """Serves a folder; `trouble` names a file that brings the server down."""

    trouble = ""
    asked: list[str]

    def log_message(self, *_words: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.trouble and self.trouble in self.path:
            return self.send_error(500)
        return super().do_GET()


class Packed(Files):
    """Sends everything compressed, asked or not, as the specification allows."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        content = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        return None


Serve = Callable[..., str]


@pytest.fixture
def serve(log: Log, tmp_path: Path) -> Iterator[Serve]:
    """serve(Files): the address of the log's folder."""
    servers = []
    log.write(tmp_path / "a log")

    def start(kind: type[Files] = Files, **marks: Any) -> str:
        kind = type("Server", (kind,), {"asked": [], **marks})
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=tmp_path))
        server.handler = kind  # type: ignore[attr-defined]
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/a%20log"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("kind", [Files, Packed])
@pytest.mark.parametrize("end", ["", "/"])
def test_a_log_on_a_server_holds(
    log: Log, serve: Serve, check: Check, kind: type[Files], end: str
) -> None:
    said = check(serve(kind) + end, "--key", log.signer.vkey)
    assert (said.code, said.json["figures"]["events read"]) == (0, 600)


def test_every_file_is_asked_for_once(log: Log, serve: Serve, check: Check) -> None:
    asked: list[str] = []
    check(serve(asked=asked), "--key", log.signer.vkey)
    assert len(asked) == len(set(asked)) == 8  # checkpoint, three bundles, four hash tiles


def test_tampering_is_named(log: Log, serve: Serve, check: Check, tmp_path: Path) -> None:
    tile(tmp_path / "a log", "entries", 1).unlink()
    said = check(serve(), "--key", log.signer.vkey)
    assert said.findings == ["tile/entries/001 is missing, where 256 entries belong."]


def test_a_server_in_trouble_proves_nothing(log: Log, serve: Serve, check: Check) -> None:
    said = check(serve(trouble="tile/0/002"), "--key", log.signer.vkey)
    assert (said.code, said.out) == (2, "")
    assert "tile/0/002.p/88 in http://127.0.0.1" in said.err
    assert "HTTP Error 500" in said.err


def test_bytes_that_are_not_packed_as_they_say_prove_nothing(
    log: Log, serve: Serve, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gzip, "compress", lambda content: b"\x1f\x8b" + content)
    assert check(serve(Packed), "--key", log.signer.vkey).code == 2


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:9/log", "http://[/", "http:///", "http://a/b c"]
)
def test_no_server_is_no_log(log: Log, check: Check, place: str) -> None:
    said = check(place, "--key", log.signer.vkey)
    assert said.code == 2
    assert said.err.startswith(f"checkpoint in {place} cannot be read")


def test_a_server_without_a_checkpoint_is_no_log(
    log: Log, serve: Serve, check: Check, tmp_path: Path
) -> None:
    (tmp_path / "a log" / "checkpoint").unlink()
    address = serve()
    said = check(address, "--key", log.signer.vkey)
    assert (said.code, said.err) == (2, f"There is no checkpoint in {address}.\n")


def test_a_file_that_never_ends_is_cut(
    log: Log, serve: Serve, check: Check, tmp_path: Path
) -> None:
    put(tmp_path / "a log" / "tile" / "0" / "000", bytes(20_000_000))
    said = check(serve(Packed), "--key", log.signer.vkey)
    assert said.findings == ["tile/0/000 is missing, or has not the size of 256 hashes."]
