"""The real carrier in a process of its own: up, ready, restarted, killed, ended."""

import json
import re
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab.scenarios.phones.program import Program
from tests.support.ports import LOOPBACK, free_port, free_range
from tests.support.waiting import until

PASSWORDS = {
    "09000000001": "demo0001",
    "09000000002": "demo0002",
    "09000000002-link": "demo0002",
    "0300000003": "demo0003",
    "09000000004": "demo0004",
}
"""SIP users of the demo seed and their passwords."""

DOCOMO, NTT = "09000000001", "0300000003"

_READY_S = 120.0
_CLEAN_EXIT_S = 30.0
_ANY_DIGITS = re.compile(r"\b(at|call_id)=\S+")
_TROUBLE = ("Traceback (most recent call last)", "Task exception was never retrieved")


class Carrier:
    """`tokuban up` on free loopback ports, its data in `folder`."""

    def __init__(
        self, folder: Path, *, settings: str = "", seed: Path | None = None, rtp_count: int = 600
    ) -> None:
        """`settings`: the text of a `tokuban.toml`; `seed`: a seed file instead of the demo."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.sip_port = free_port()
        self.http_port = free_port()
        self._rtp_ports = free_range(rtp_count)
        self._configuration = folder / "tokuban.toml"
        self._configuration.write_text(settings)
        self._seed = seed
        self.program = self._start()

    @property
    def address(self) -> tuple[str, int]:
        """Where phones reach it, UDP and TCP alike."""
        return LOOPBACK, self.sip_port

    def _start(self) -> Program:
        low, high = self._rtp_ports
        command = [sys.executable, "-m", "lab", "up"]
        command += ["--config", str(self._configuration), "--data", str(self.folder / "data")]
        command += ["--host", LOOPBACK, "--sip-port", str(self.sip_port)]
        command += ["--http-port", str(self.http_port), "--rtp-ports", f"{low}-{high}"]
        if self._seed is not None:
            command += ["--seed", str(self._seed)]
        return Program(command, self.folder / "carrier.log")

    def wait_ready(self) -> Self:
        """Until `/ready` answers 200."""
        until(self._is_ready, "the carrier being ready", _READY_S)
        return self

    def _is_ready(self) -> bool:
        assert self.program.process.poll() is None, f"the carrier died: {self.log[-3000:]}"
        try:
            return self.get("/ready") is not None
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def get(self, path: str) -> Any:
        """The JSON document at a path of its HTTP address."""
        return json.loads(self.fetch(path))

    def fetch(self, path: str) -> str:
        """The text at a path of its HTTP address."""
        with urllib.request.urlopen(self.request(path), timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def request(self, path: str, method: str = "GET", body: Any = None) -> urllib.request.Request:
        """A request to its HTTP address, with the lab token where one is needed."""
        request = urllib.request.Request(f"http://{LOOPBACK}:{self.http_port}{path}", method=method)
        if path.startswith("/lab/"):
            token = (self.folder / "data" / "lab.token").read_text("ascii")
            request.add_header("Authorization", f"Bearer {token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        return request

    def send(self, method: str, path: str, body: Any = None) -> None:
        """Change something by its HTTP address, which takes it."""
        with urllib.request.urlopen(self.request(path, method, body), timeout=10) as answer:
            assert answer.status < 300

    @property
    def log(self) -> str:
        return self.program.output()

    def tells(self, digits: str) -> bool:
        """Whether the log has these digits as a word; instants and Call-IDs may have any."""
        told = _ANY_DIGITS.sub("", self.log)
        return re.search(rf"(?<!\w){digits}(?!\w)", told) is not None

    def is_alive(self) -> bool:
        return self.program.process.poll() is None

    def kill(self) -> None:
        """End it as a power failure would."""
        self.program.kill()

    def start_again(self) -> Self:
        """Start it after a `kill` or `stop`, with the same data and ports."""
        self.program = self._start()
        return self.wait_ready()

    def restart(self) -> Self:
        """Stop it cleanly and start it again."""
        self.stop()
        return self.start_again()

    def stop(self) -> None:
        """End it by SIGTERM and insist on a clean end: status 0 and no traceback in the log."""
        self.program.signal(signal.SIGTERM)
        self.wait_ended()

    def wait_ended(self) -> None:
        """Wait for the clean end that a SIGTERM was sent for."""
        status = self.program.wait(_CLEAN_EXIT_S)
        assert status == 0, f"the carrier ended with {status}: {self.log[-3000:]}"
        self.assert_untroubled()

    def assert_untroubled(self) -> None:
        """No traceback stands in the log."""
        for trouble in _TROUBLE:
            place = self.log.find(trouble)
            assert place < 0, f"the carrier's log: {self.log[max(0, place - 500) : place + 3000]}"

    def __enter__(self) -> Self:
        try:
            return self.wait_ready()
        except BaseException:
            self.program.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None and self.is_alive():
            self.stop()
        else:
            self.program.stop()
