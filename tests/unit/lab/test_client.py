"""The client of a running carrier: whatever is at the address, a person gets one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from typer.testing import CliRunner

from lab.cli import app
from lab.client import Carrier
from lab.errors import Refused


@contextmanager
def answering(body: bytes, status: int = 200, length: int | None = None) -> Iterator[str]:
    """The address of a server that says the same to everyone."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Same)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusal(*words: str) -> str:
    ended = CliRunner().invoke(app, list(words))
    assert isinstance(ended.exception, Refused), ended.exception
    assert "\n" not in str(ended.exception)
    return str(ended.exception)


@pytest.mark.parametrize(
    "url",
    [
        "foo",
        "",
        "127.0.0.1:8080",
        "http://127.0.0.1:abc",
        "http://127.0.0.1:70000",
        "http://127.0.0.1:0",
        "http://",
        "http://[::1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "http://127.0.0.1:8080/?x=1",
        "http://me:marker-secret@127.0.0.1:8080",
        "http://127.0.0.1 :8080",
        "http://特番:8080",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    for command in (["clock", "show"], ["trace"]):
        message = refusal(*command, "--url", url)
        assert message.startswith("--url must be a web address such as http://127.0.0.1:8080")
        assert "marker-secret" not in message


def test_a_name_that_cannot_be_one() -> None:
    assert "--url" in refusal("clock", "show", "--url", "http://a..b:8080")


def test_a_token_that_no_header_carries() -> None:
    message = refusal("clock", "show", "--token", "marker\nsecret")
    assert message.startswith("--token")
    assert "marker" not in message


def test_a_slash_at_the_end_is_read_away() -> None:
    assert Carrier("http://127.0.0.1:8080/").base == "http://127.0.0.1:8080"
    with answering(b'{"a": 1}') as url:
        assert Carrier(url + "/").get("/lab/clock") == {"a": 1}


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b"", b"\xff\xfe", b"[1]", b"{}", b'{"now": 3, "offset_s": 0}']
)
def test_an_answer_of_another_program(body: bytes) -> None:
    with answering(body) as url:
        for words in (["show"], ["freeze"]):
            message = refusal("clock", *words, "--url", url)
            assert message == (
                f"{url} does not answer as a carrier does: name the carrier's web address with "
                "--url"
            )


@pytest.mark.parametrize("body", [b"hello\n", b"[1]\n", b'{"number": 1}\n'])
def test_a_trace_of_another_program(body: bytes) -> None:
    with answering(body) as url:
        assert "does not answer as a carrier does" in refusal("trace", "--url", url)


def test_an_answer_that_is_cut_off() -> None:
    with answering(b'{"now": ', length=100) as url:
        assert "is the carrier still up?" in refusal("clock", "show", "--url", url)


@pytest.mark.parametrize("body", [b"not found", b"[]", b"{}"])
def test_an_error_of_another_program(body: bytes) -> None:
    with answering(body, 404) as url:
        assert refusal("clock", "show", "--url", url).startswith(f"{url}/lab/clock: 404 Not Found")


def test_a_laboratory_that_is_switched_off() -> None:
    with answering(b'{"type": "about:blank", "title": "Not Found", "status": 404}', 404) as url:
        assert "lab.enabled" in refusal("clock", "show", "--url", url)
