"""`tokuban voicemail`: what each command asks of the carrier, and what becomes of a sound."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from lab import sound_player
from lab.cli import app
from lab.errors import Refused

ID = "0d8ff0bc-2d5c-4f96-ad40-fa0fdcf79955"
BOX = "/v1/voicemail/09000000001"
ANSWER = (
    b'{"items": [{"id": "0d8ff0bc", "mark": "new", "recorded_at": "2026-07-25T00:00:00Z",'
    b' "caller": null, "seconds": 7.0, "expires_at": "2026-07-28T00:00:00Z"}], "active": true}'
)


@contextmanager
def carrier(asked: list[tuple[str, str, str, bytes]], answer: bytes = ANSWER) -> Iterator[str]:
    """A server that notes method, path, media type and body, and answers the same to all."""

    class Noting(BaseHTTPRequestHandler):
        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = self.headers.get("Content-Type", "")
            asked.append((self.command, self.path, kind, body))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

        def log_message(self, *_: object) -> None:
            """Nothing on the screen of a test."""

    server = HTTPServer(("127.0.0.1", 0), Noting)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(*command: str, answer: bytes = ANSWER, typed: str | None = None) -> tuple[Any, Any]:
    """The one request that a command made, and its result."""
    asked: list[tuple[str, str, str, bytes]] = []
    with carrier(asked, answer) as url:
        result = CliRunner().invoke(app, ["voicemail", *command, "--url", url], input=typed)
    assert result.exception is None, result.exception
    (request,) = asked
    return request, result


@pytest.mark.parametrize(
    ("command", "method", "path", "body"),
    [
        (("show", "09000000001"), "GET", "", b""),
        (("list", "09000000001"), "GET", "/messages", b""),
        (("mark", "09000000001", ID, "saved"), "PATCH", f"/messages/{ID}", b'{"mark": "saved"}'),
        (("erase", "09000000001", ID), "DELETE", f"/messages/{ID}", b""),
        (("start", "09000000001"), "PUT", "/service", b'{"active": true}'),
        (
            ("start", "09000000001", "--on", "busy"),
            "PUT",
            "/service",
            b'{"active": true, "conditions": ["busy"]}',
        ),
        (("stop", "09000000001"), "PUT", "/service", b'{"active": false}'),
        (("ring-time", "09000000001", "20"), "PUT", "/ring-time", b'{"seconds": 20}'),
        (
            ("taking", "09000000001", "--no-messages"),
            "PUT",
            "/taking",
            b'{"takes_messages": false}',
        ),
        (("greeting", "09000000001", "plain"), "PUT", "/greeting", b'{"greeting": "plain"}'),
        (("pin", "09000000001", "--none"), "PUT", "/pin", b'{"pin": null}'),
        (("unlock", "09000000001"), "POST", "/unlock", b""),
    ],
)
def test_each_command_asks_one_thing(
    command: tuple[str, ...], method: str, path: str, body: bytes
) -> None:
    asked, _ = run(*command)
    assert (asked[0], asked[1], asked[3]) == (method, f"{BOX}{path}", body)


def test_a_list_shows_each_message() -> None:
    _, result = run("list", "09000000001")
    assert "0d8ff0bc" in result.output


def test_a_pin_is_asked_for_and_never_shown() -> None:
    asked, result = run("pin", "09000000001", typed="4711\n4711\n")
    assert asked[3] == b'{"pin": "4711"}'
    assert "4711" not in result.output


def test_a_greeting_is_uploaded(tmp_path: Path) -> None:
    file = tmp_path / "words.wav"
    file.write_bytes(b"RIFF")
    asked, _ = run("greeting", "09000000001", "--file", str(file))
    assert asked == ("PUT", f"{BOX}/greeting/own", "audio/wav", b"RIFF")


@pytest.mark.parametrize("wrong", [(), ("own", "--file", "x.wav"), ("--file", "/nowhere/x.wav")])
def test_one_greeting_is_named(wrong: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, ["voicemail", "greeting", "09000000001", *wrong])
    assert isinstance(result.exception, Refused)


def test_a_message_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asked, _ = run("fetch", "09000000001", ID, answer=b"sound")
    assert asked[1] == f"{BOX}/messages/{ID}/sound.wav"
    assert (tmp_path / f"{ID}.wav").read_bytes() == b"sound"
    asked, _ = run("fetch", "09000000001", ID, "--format", "mp3", "--to", "x.mp3", answer=b"mp3")
    assert asked[1] == f"{BOX}/messages/{ID}/sound.mp3"
    assert (tmp_path / "x.mp3").read_bytes() == b"mp3"


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with carrier([], b"sound") as url:
        command = ["voicemail", "fetch", "1", ID, "--to", str(tmp_path), "--url", url]
        result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, Refused)


def test_a_message_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard"
    code = f"import shutil, sys; shutil.copy(sys.argv[1], {str(heard)!r})"
    monkeypatch.setattr(sound_player, "PLAYERS", ((sys.executable, "-c", code),))
    run("play", "09000000001", ID, answer=b"sound")
    assert heard.read_bytes() == b"sound"


@pytest.mark.parametrize("players", [(), ((sys.executable, "-c", "raise SystemExit(3)"),)])
def test_without_a_player_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, players: tuple[tuple[str, ...], ...]
) -> None:
    monkeypatch.setattr(sound_player, "PLAYERS", players)
    with pytest.raises(Refused, match="tokuban voicemail fetch"):
        sound_player.play(b"sound")
