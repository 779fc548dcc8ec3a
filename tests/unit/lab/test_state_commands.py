"""`tokuban clock`, `seed`, `reset` and `snapshot`: what they ask for and print."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from lab import seed_model, seeds
from lab.cli import app
from lab.errors import Refused

CLOCK = {
    "now": "2027-01-25T00:00:00Z",
    "state": "frozen",
    "offset_s": 0.0,
    "next": {"work": "quarantines", "due_at": "2027-03-01T00:00:00Z"},
}
SNAPSHOT = {
    "name": "morning",
    "schema": "0007",
    "saved_at": "2026-07-25T00:00:00Z",
    "business_at": "2027-01-25T00:00:00Z",
    "rows": 130,
    "size_bytes": 15_400,
}


@contextmanager
def carrier(answer: dict[str, Any] | None) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """The address of a server that answers so, and the requests that came: method, path, body."""
    asked: list[tuple[str, str, str]] = []

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            asked.append((self.command, self.path, body.decode()))
            data = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(204 if answer is None else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_PUT = do_POST = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Same)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, Refused):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.rule("LAB-02")
class TestClock:
    def test_an_advance_says_what_ran_and_what_is_next(self) -> None:
        ran = [
            {"work": "self-care codes", "due_at": "2026-07-25T00:10:00Z", "error": None},
            {"work": "quarantines", "due_at": "2026-12-01T00:00:00Z", "error": "OSError"},
        ]
        with carrier(CLOCK | {"ran": ran}) as (url, asked):
            text = run("clock", "advance", "180d", "--url", url)
        assert text.splitlines() == [
            "2027-01-25 09:00:00 +0900 frozen",
            "  2026-07-25 09:10:00 self-care codes: done",
            "  2026-12-01 09:00:00 quarantines: failed and is due still: OSError",
            "  next: 2027-03-01 09:00:00 quarantines",
        ]
        assert asked == [("PUT", "/lab/clock", '{"advance_s": 15552000}')]

    def test_thousands_of_lines_are_counted(self) -> None:
        one = {"work": "quarantines", "due_at": "2026-12-01T00:00:00Z", "error": None}
        with carrier(CLOCK | {"ran": [one] * 2000}) as (url, _):
            lines = run("clock", "advance", "180d", "--url", url).splitlines()
        assert len(lines) == 53
        assert lines[-2] == "  … and 1950 more"

    def test_show_tells_what_is_next(self) -> None:
        with carrier(CLOCK) as (url, _):
            assert "next: 2027-03-01 09:00:00 quarantines" in run("clock", "show", "--url", url)
        with carrier(CLOCK | {"next": None}) as (url, _):
            assert "next" not in run("clock", "show", "--url", url)


@pytest.mark.rule("LAB-03")
class TestState:
    def test_reset(self) -> None:
        for calls, told in ((0, ""), (1, "; 1 call was hung up"), (2, "; 2 calls were hung up")):
            with carrier({"calls_ended": calls}) as (url, asked):
                assert run("reset", "--url", url) == f"back to the seed{told}\n"
            assert asked == [("POST", "/lab/reset", "")]

    def test_snapshots(self) -> None:
        line = "morning                  2027-01-25 09:00:00  130 rows, 15 KiB\n"
        with carrier(SNAPSHOT) as (url, asked):
            assert run("snapshot", "save", "morning", "--url", url) == f"saved {line}"
        assert asked == [("PUT", "/lab/snapshots/morning", "")]
        with carrier({"items": [SNAPSHOT]}) as (url, _):
            assert run("snapshot", "list", "--url", url) == line
        with carrier({"calls_ended": 0}) as (url, asked):
            assert run("snapshot", "load", "morning", "--url", url) == "loaded morning\n"
        assert asked == [("POST", "/lab/snapshots/morning/load", "")]
        with carrier(None) as (url, asked):
            assert run("snapshot", "delete", "morning", "--url", url) == "deleted morning\n"
        assert asked == [("DELETE", "/lab/snapshots/morning", "")]

    @pytest.mark.parametrize("name", ["", ".", "..", "a/../b", "../x", "a b", "特番"])
    def test_a_name_that_is_a_path_is_refused(self, name: str) -> None:
        with pytest.raises(Refused, match="needs a name"):
            run("snapshot", "save", name)

    def test_seed_sends_the_file_as_it_is(self) -> None:
        with carrier({"lines": 4, "customers": 1, "blocks": 1}) as (url, asked):
            text = run("seed", str(seeds.DEMO_FILE), "--url", url)
        assert "lines 4, customers 1, portal logins 1, number blocks 1" in text
        assert asked == [("POST", "/lab/seed", seeds.DEMO_FILE.read_text("utf-8"))]

    def test_a_wrong_seed_is_refused_before_anybody_is_asked(self, tmp_path: Path) -> None:
        wrong = tmp_path / "seed.yaml"
        wrong.write_text("lines: [{}]\n", "utf-8")
        with pytest.raises(Refused, match="number: missing"):
            run("seed", str(wrong), "--url", "http://127.0.0.1:9")

    def test_check_asks_nobody(self) -> None:
        assert "lines 4" in run("seed", str(seeds.DEMO_FILE), "--check", "--url", "http://[::1]:9")

    def test_the_schema_is_printed(self) -> None:
        assert json.loads(run("seed", "--schema")) == seed_model.schema()

    def test_a_file_is_needed(self) -> None:
        with pytest.raises(Refused, match="name the seed file"):
            run("seed")
