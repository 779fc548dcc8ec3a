"""The lab token: made once, kept for its owner alone, found by the commands on this host."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from lab.client import Carrier
from lab.errors import Refused
from lab.lab_token import lab_token, told

SECRET = "marker-lab-token-0001"


@contextmanager
def guarded(secret: str, token_file: str) -> Iterator[str]:
    """The address of a server that asks for a token and names the file it is in."""

    class Guarded(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization")
            status = 200 if given == f"Bearer {secret}" else 401
            body = {"detail": "no", "token_file": token_file} if status == 401 else {"given": given}
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Guarded)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = lab_token(None, tmp_path)
    assert first.file == tmp_path / "lab.token"
    assert stat.S_IMODE(first.file.stat().st_mode) == 0o600
    assert len(first.secret) >= 43
    assert lab_token(None, tmp_path) == first
    assert first.secret not in repr(first)


def test_one_that_is_set_is_kept_in_no_file(tmp_path: Path) -> None:
    assert lab_token(SECRET, tmp_path).file is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_holds_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab.token").write_text("two words")
    with pytest.raises(Refused, match="holds no token; remove it"):
        lab_token(None, tmp_path)


def test_a_command_finds_it_by_itself(tmp_path: Path) -> None:
    kept = lab_token(None, tmp_path)
    with guarded(kept.secret, str(kept.file)) as url:
        assert Carrier(url).get("/lab/clock") == {"given": f"Bearer {kept.secret}"}


def test_a_token_that_was_given_is_not_replaced(tmp_path: Path) -> None:
    kept = lab_token(None, tmp_path)
    with guarded(kept.secret, str(kept.file)) as url, pytest.raises(Refused, match=r"lab\.token"):
        Carrier(url, "another").get("/lab/clock")


def test_a_wrong_one_in_the_file_is_tried_once(tmp_path: Path) -> None:
    kept = lab_token(None, tmp_path)
    with guarded(SECRET, str(kept.file)) as url, pytest.raises(Refused, match="--token"):
        Carrier(url).get("/lab/clock")


class TestPretenders:
    """Whoever listens in the carrier's place has no other file read out."""

    def answer(self, token_file: object) -> str | None:
        return told(json.dumps({"token_file": token_file}).encode())

    def test_only_a_token_file_is_read(self, tmp_path: Path) -> None:
        other = tmp_path / "id_rsa"
        other.write_text(SECRET)
        assert self.answer(str(other)) is None
        (tmp_path / "lab.token").write_text("root:x:0:0::/root:/bin/bash\nmore\n")
        assert self.answer(str(tmp_path / "lab.token")) is None
        (tmp_path / "lab.token").write_text(SECRET + "\n")
        assert self.answer(str(tmp_path / "lab.token")) == SECRET

    @pytest.mark.parametrize("named", ["lab.token", None, 5, ["x"], "/nowhere/lab.token", "\0"])
    def test_what_is_no_path_is_nothing(self, named: object) -> None:
        assert self.answer(named) is None

    @pytest.mark.parametrize("problem", [b"", b"[]", b"{", b"\xff", b'{"detail": "x"}'])
    def test_another_answer_is_nothing(self, problem: bytes) -> None:
        assert told(problem) is None

    def test_a_folder_is_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "lab.token").mkdir()
        assert self.answer(str(tmp_path / "lab.token")) is None

    def test_a_pipe_is_nothing(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "lab.token")
        assert self.answer(str(tmp_path / "lab.token")) is None
