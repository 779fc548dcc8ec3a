"""`tokuban cdr`, `calls` and `events`: what they ask for and print."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from lab.cli import app
from lab.errors import Refused
from provisioning.api.cdrs import CdrShape
from provisioning.api.events import written
from provisioning.events import Event, Gap
from provisioning.records.model import Kept
from tests.support.call_records import record

ENDED = Event(
    "a1-7", "call.ended", 1_800_000_000.5, 1_800_000_000.5, {"call_id": "x", "line": None}
)


@contextmanager
def carrier(body: str) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that answers so, and the paths that it was asked for."""
    asked: list[str] = []

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = body.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

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
    ended = CliRunner().invoke(app, list(words))
    if isinstance(ended.exception, Refused):
        raise ended.exception
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_records_are_listed_with_their_filters() -> None:
    item = CdrShape.of(Kept(1, record())).model_dump_json()
    with carrier(f'{{"items": [{item}], "next": null}}') as (url, asked):
        words = ("--line", "09000000001", "--service", "talkie", "--from", "2027-01-01T00:00+09:00")
        text = run("cdr", "list", *words, "--url", url)
    heading, row = text.splitlines()
    assert heading.split()[:2] == ["started", "at"]
    assert row.split()[:4] == ["2027-01-15", "17:00:00", "+819000000001", "1840312345678"]
    assert parse_qs(urlsplit(asked[0]).query) == {
        "line": ["09000000001"],
        "service": ["talkie"],
        "from": ["2027-01-01T00:00+09:00"],
        "limit": ["100"],
    }


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_export_is_the_carrier_s_own(format: str) -> None:
    with carrier("call_id\r\nx\r\n") as (url, asked):
        ended = CliRunner().invoke(app, ["cdr", "export", format, "--url", url])
    assert ended.stdout_bytes == b"call_id\r\nx\r\n"
    assert asked == [f"/v1/cdrs?format={format}"]


def test_live_calls_are_listed() -> None:
    call = (
        '{"id": "x", "leg": 1, "line": "+819000000001", "dialled": "1429", "state": "early",'
        ' "since": "2027-01-15T08:00:00Z", "service": "talkie", "prompts": ["a", "b"]}'
    )
    with carrier(f'{{"items": [{call}], "next": null}}') as (url, asked):
        assert "a, b" in run("calls", "--url", url)
    assert asked == ["/v1/calls"]


def test_events_are_printed_a_line_each() -> None:
    stream = f":\n\n{written(ENDED)}{written(Gap(3))}"
    with carrier(stream) as (url, asked):
        text = run("events", "--url", url)
    assert text.splitlines() == [
        "17:00:00.500 call.ended           call_id=x",
        "             … kind=stream.gap missed=3",
    ]
    assert parse_qs(urlsplit(asked[0]).query) == {"past": ["true"], "follow": ["false"]}


def test_events_as_json() -> None:
    with carrier(written(ENDED)) as (url, asked):
        text = run("events", "-f", "--no-past", "--json", "--url", url)
    assert '"id": "a1-7"' in text
    assert parse_qs(urlsplit(asked[0]).query) == {"past": ["false"], "follow": ["true"]}


def test_a_fact_cannot_steer_the_terminal() -> None:
    nasty = ENDED._replace(facts={"dialled": "\x1b[31m\r\n7"})
    with carrier(written(nasty)) as (url, _):
        assert "dialled=\ufffd[31m\ufffd\ufffd7" in run("events", "--url", url)


def test_what_is_no_event_stream_is_said_so() -> None:
    with (
        carrier("data: nothing\n\n") as (url, _),
        pytest.raises(Refused, match="does not answer as a carrier"),
    ):
        run("events", "--url", url)
