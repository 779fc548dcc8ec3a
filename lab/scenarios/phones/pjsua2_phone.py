"""A pjsua2 softphone in a child process, spoken to by JSON lines over pipes."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from lab.scenarios.phones.closing import Closing
from lab.scenarios.phones.errors import PhoneError, TooLate
from lab.scenarios.phones.ports import LOOPBACK, free_port, free_range
from lab.scenarios.phones.program import Program

Json = dict[str, Any]
KeyMethod = Literal["rfc4733", "info", "inband"]

_PATIENCE_S = 30.0


class Pjsua2Call:
    """One call of a phone: what was said about it so far, and what may be done with it."""

    def __init__(self, phone: "Pjsua2Phone", name: int, recording: Path | None) -> None:
        self._phone = phone
        self.name = name
        self.recording = recording

    def events(self, kind: str) -> list[Json]:
        """What was said about this call by now, of one kind: call, media or key."""
        self._phone.pump()
        return [
            event
            for event in self._phone.events
            if event.get("call") == self.name and event["type"] == kind
        ]

    @property
    def states(self) -> list[str]:
        """CALLING, EARLY, CONNECTING, CONFIRMED, DISCONNECTED, in the order they came."""
        return [event["state"] for event in self.events("call")]

    @property
    def keys_heard(self) -> str:
        return "".join(event["key"] for event in self.events("key"))

    def wait_for(self, state: str, timeout_s: float = _PATIENCE_S) -> Json:
        """The first event of that state."""
        return self._phone.wait(
            lambda event: (
                event.get("type") == "call"
                and event["call"] == self.name
                and event["state"] == state
            ),
            f"state {state} (seen: {self.states})",
            timeout_s,
        )

    def wait_answered(self, timeout_s: float = _PATIENCE_S) -> None:
        """Until the call is confirmed and its media flows."""
        self.wait_for("CONFIRMED", timeout_s)
        self.wait_media(timeout_s)

    def wait_media(self, timeout_s: float = _PATIENCE_S) -> Json:
        return self._phone.wait(
            lambda event: (
                event.get("type") == "media" and event["call"] == self.name and event["active"]
            ),
            "active media",
            timeout_s,
        )

    def wait_ended(self, timeout_s: float = _PATIENCE_S) -> int:
        """The status code the call ended with."""
        code: int = self.wait_for("DISCONNECTED", timeout_s)["code"]
        return code

    def keys(self, keys: str, by: KeyMethod = "rfc4733", duration_ms: int = 120) -> None:
        self._phone.ask("keys", call=self.name, keys=keys, by=by, duration_ms=duration_ms)

    def tone(self, hertz: int, ms: int) -> None:
        """Sound a tone into the call."""
        self._phone.ask("tone", call=self.name, hertz=hertz, ms=ms)

    def play(self, path: Path) -> None:
        """Speak a WAV file into the call."""
        self._phone.ask("play", call=self.name, path=str(path))

    def hold(self) -> None:
        self._phone.ask("hold", call=self.name)

    def resume(self) -> None:
        self._phone.ask("resume", call=self.name)

    def refer(self, uri: str) -> None:
        """Send the other party to `uri` (RFC 3515)."""
        self._phone.ask("refer", call=self.name, uri=uri)

    def wait_transferred(self, timeout_s: float = _PATIENCE_S) -> int:
        """How the transfer ended: the final status that came in a NOTIFY."""
        event = self._phone.wait(
            lambda event: (
                event.get("type") == "transfer" and event["call"] == self.name and event["final"]
            ),
            "the end of the transfer",
            timeout_s,
        )
        code: int = event["code"]
        return code

    def answer(
        self, status: int = 200, record: Path | None = None, *, voice: Path | None = None
    ) -> None:
        """Answer with a status, recording what is heard and speaking from a file."""
        self.recording = record
        files = {"record": str(record or ""), "voice": str(voice or "")}
        self._phone.ask("answer", call=self.name, status=status, **files)

    def hang_up(self) -> None:
        """End the call and close its recording."""
        self._phone.ask("hangup", call=self.name)
        self.wait_for("DISCONNECTED")


class Pjsua2Phone(Closing):
    """One account on one transport; at most four calls at a time."""

    def __init__(
        self,
        folder: Path,
        *,
        tcp: bool = False,
        codecs: tuple[str, ...] = ("PCMU", "PCMA"),
        events: bool = True,
        log_level: int = 4,
        host: str = LOOPBACK,
    ) -> None:
        """Start it on `host`; without `events` its offers have no telephone-event (RFC 4733)."""
        folder.mkdir(parents=True, exist_ok=True)
        self.host = host
        self.port = free_port(host)
        self.tcp = tcp
        self.events: list[Json] = []
        self._rtp_port = free_range(16, host)[0]
        self.rtp_ports = range(self._rtp_port, self._rtp_port + 16)
        self._answers: dict[int, Json] = {}
        self._last_id = 0
        self._pending = b""
        self.program = Program(
            [sys.executable, "-m", "lab.scenarios.phones.pjsua2_child"],
            folder / "pjsua2.log",
            talk=True,
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.program.stdout, selectors.EVENT_READ)
        self.ask(
            "start",
            port=self.port,
            address=host,
            tcp=tcp,
            codecs=list(codecs),
            events=events,
            log_level=log_level,
        )

    def ask(self, do: str, **values: object) -> Json:
        """Send a command and return its answer.

        Raises:
            PhoneError: the library refused it.
        """
        self._last_id += 1
        wanted = self._last_id
        line = json.dumps({"id": wanted, "do": do, **values}) + "\n"
        self.program.stdin.write(line.encode())
        self.program.stdin.flush()
        self._read_until(lambda: wanted in self._answers, f"answer to {do}", _PATIENCE_S)
        answer = self._answers.pop(wanted)
        if "error" in answer:
            raise PhoneError(f"{do}: {answer['error']}")
        return answer

    def wait(self, wanted: Callable[[Json], bool], what: str, timeout_s: float) -> Json:
        """The first event so far, or to come, that `wanted` accepts."""
        found: list[Json] = []

        def arrived() -> bool:
            found[:] = [event for event in self.events if wanted(event)]
            return bool(found)

        self._read_until(arrived, what, timeout_s)
        return found[0]

    def pump(self) -> None:
        """Read what it has said by now."""
        while self._selector.select(0):
            self._read("what it has said")

    def _read_until(self, arrived: Callable[[], bool], what: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not arrived():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooLate(f"pjsua2: no {what} within {timeout_s:g} s; {self._tail()}")
            if self._selector.select(left):
                self._read(what)

    def _read(self, what: str) -> None:
        data = os.read(self.program.stdout.fileno(), 65536)
        if not data:
            raise PhoneError(f"pjsua2 died while waiting for {what}; {self._tail()}")
        self._pending += data
        while b"\n" in self._pending:
            line, _, self._pending = self._pending.partition(b"\n")
            value: Json = json.loads(line)
            if "id" in value:
                self._answers[value["id"]] = value
            else:
                self.events.append(value)

    def _tail(self) -> str:
        return f"its log ends: {self.program.output()[-1500:]}"

    def account(
        self,
        user: str,
        password: str,
        server: tuple[str, int],
        *,
        register: bool = True,
        expires_s: int = 300,
        mwi: bool = False,
    ) -> None:
        """Take an account on; with `register` a REGISTER leaves at once.

        With `mwi` it subscribes to its messages (RFC 3842).
        """
        transport = ";transport=tcp" if self.tcp else ""
        self._server = f"{server[0]}:{server[1]}{transport}"
        self.ask(
            "register",
            aor=f"sip:{user}@{server[0]}",
            registrar=f"sip:{self._server}",
            proxy=f"<sip:{self._server};lr>" if mwi or not register else "",
            user=user,
            password=password,
            register=register,
            expires_s=expires_s,
            mwi=mwi,
            address=self.host,
            rtp_port=self._rtp_port,
        )

    def wait_registered(self, timeout_s: float = _PATIENCE_S) -> int:
        """The status of the first registration outcome: 200, or what refused it."""
        event = self.wait(lambda e: e["type"] == "registration", "registration", timeout_s)
        code: int = event["code"]
        return code

    def register(self, user: str, password: str, server: tuple[str, int]) -> int:
        """Register and return the final status."""
        self.account(user, password, server)
        return self.wait_registered()

    def dial(
        self,
        number: str,
        record: Path | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        voice: Path | None = None,
    ) -> Pjsua2Call:
        """Call a number of the registered server, recording what is heard; it speaks `voice`."""
        user = number.replace("#", "%23")
        return self.dial_uri(f"sip:{user}@{self._server}", record, headers=headers, voice=voice)

    def dial_uri(
        self,
        uri: str,
        record: Path | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        voice: Path | None = None,
    ) -> Pjsua2Call:
        files = {"record": str(record or ""), "voice": str(voice or "")}
        answer = self.ask("dial", uri=uri, headers=dict(headers or {}), **files)
        return Pjsua2Call(self, answer["call"], record)

    def message(self, number: str, text: str, kind: str = "text/plain") -> None:
        """Send a MESSAGE to a number of the registered server."""
        self.ask("message", uri=f"sip:{number}@{self._server}", text=text, kind=kind)

    def wait_sent(self, text: str, timeout_s: float = _PATIENCE_S) -> int:
        """The status that a message of ours was answered with."""
        event = self.wait(
            lambda e: e["type"] == "message-sent" and e["text"] == text, "answer", timeout_s
        )
        code: int = event["code"]
        return code

    def wait_message(self, text: str, timeout_s: float = _PATIENCE_S) -> Json:
        """The message that says `text`: its `sender` and the whole of it as it came, `wire`."""
        return self.wait(
            lambda e: e["type"] == "message" and e["text"] == text, f"message {text}", timeout_s
        )

    def messages(self) -> list[str]:
        """Every text that came by now."""
        self.pump()
        return [event["text"] for event in self.events if event["type"] == "message"]

    def wait_lamp(self, counts: str, timeout_s: float = _PATIENCE_S) -> Json:
        """The first NOTIFY of its messages that says `counts`, as 1/0: new and saved ones."""
        return self.wait(
            lambda e: e["type"] == "lamp" and f"Voice-Message: {counts} " in e["wire"],
            f"lamp {counts}; {self.lamps()}",
            timeout_s,
        )

    def lamps(self) -> list[str]:
        """The counts that it was told by now, one after the other."""
        self.pump()
        told = [event["wire"] for event in self.events if event["type"] == "lamp"]
        return [wire.partition("Voice-Message: ")[2].partition(" ")[0] for wire in told]

    def wait_incoming(self, timeout_s: float = _PATIENCE_S) -> Pjsua2Call:
        """The first call that rings here."""
        event = self.wait(lambda e: e["type"] == "incoming", "incoming call", timeout_s)
        return Pjsua2Call(self, event["call"], None)

    def close(self) -> None:
        """Unregister and end the process."""
        if self.program.process.poll() is None:
            try:
                self.ask("quit")
                self.program.wait(10)
            except (PhoneError, BrokenPipeError, subprocess.TimeoutExpired):
                self.program.kill()
        else:
            self.program.stop()
        self._selector.close()
