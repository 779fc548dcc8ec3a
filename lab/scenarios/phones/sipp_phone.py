"""SIPp as a telephone: it does the signalling, and a thread of ours the sound.

One SIPp registers and is called, another one makes a call: SIPp signs the URI it was told when it
was started. Passwords stand in the scenarios, which nobody else may read.
"""

import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from lab.scenarios.phones.closing import Closing
from lab.scenarios.phones.errors import PhoneError, TooLate
from lab.scenarios.phones.handset import Ending, NotRegistered
from lab.scenarios.phones.ports import LOOPBACK, free_port, own_address
from lab.scenarios.phones.program import Program, find
from lab.scenarios.phones.rtp_voice import RtpVoice
from lab.scenarios.phones.sipp_scenario import Account, Words, called, caller
from lab.scenarios.phones.waiting import until

_REGISTERS_WITHIN_S, _LEAVES_WITHIN_S, _STARTS_WITHIN_S = 30.0, 2.0, 10.0
_PLAIN = re.compile(r"[\w.!~*'()&=+$,;?/@:%^-]+", re.ASCII)
"""What SIPp takes in a name or a password: no spaces, and none of its own brackets."""


class RunningSipp(Closing):
    """SIPp with one scenario; what happens in it stands in its log, a line each."""

    def __init__(self, folder: Path, name: str, scenario: str, host: str, *further: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file, self._told = folder / f"{name}.xml", folder / f"{name}-told.log"
        file.touch(0o600)
        file.write_text(scenario)
        self._told.write_text("")
        self._at = (host, free_port(host))
        command = [find("sipp"), *further, "-sf", str(file), "-i", host, "-bind_local"]
        command += ["-p", str(self._at[1]), "-mi", host, "-ci", LOOPBACK, "-cp", str(free_port())]
        # It counts calls for a screen that nobody sees, and would end itself on a busy machine.
        command += ["-nostdin", "-f", "86400", "-watchdog_interval", "0", "-t", "u1"]
        command += ["-default_behaviors", "all,-abortunexp", "-trace_logs"]
        command += ["-log_file", str(self._told), "-trace_err"]
        command += ["-error_file", str(folder / f"{name}-errors.log")]
        screen = folder / f"{name}-screen.log"
        self._program = Program(command, screen, env={"TERM": "dumb"}, cwd=folder)

    def told(self, call: str) -> Iterator[tuple[str, str]]:
        """What happened in a call by now: the word for it, and more."""
        return ((what, more) for what, which, more in self.lines() if which == call)

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """What happened in any call: the word for it, the Call-ID, and more."""
        for line in self._told.read_text(errors="replace").splitlines(keepends=True):
            what, _, rest = line.partition(" ")
            which, _, more = rest.partition(" ")
            if line.endswith("\n"):
                yield what, which.strip(), more.strip()

    def say(self, word: str, call: str, subject: str = "") -> None:
        """One of our own words, about a call."""
        host, port = self._at
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind((host, 0))
            head = [
                f"{word} sip:{host}:{port} SIP/2.0",
                f"Via: SIP/2.0/UDP {host}:{line.getsockname()[1]};branch=z9hG4bK{word}",
                f"From: <sip:{host}>;tag={word}",
                f"To: <sip:{host}>",
                f"Call-ID: {call}",
                f"CSeq: 1 {word}",
                f"Subject: {subject}",
                "Content-Length: 0",
            ]
            line.sendto("\r\n".join([*head, "", ""]).encode(), self._at)

    @property
    def gone(self) -> bool:
        """Whether it ended."""
        return self._program.process.poll() is not None

    def tail(self) -> str:
        """Its last words on its screen, for an error's text."""
        return self._program.output()[-1000:]

    def close(self) -> None:
        self._program.stop()


class _Call:
    """One call: where it happens, what it is called there, and its sound."""

    def __init__(self, sipp: RunningSipp, name: str, voice: RtpVoice | None = None) -> None:
        self.sipp, self.name, self.voice = sipp, name, voice

    def look(self) -> dict[str, str]:
        """What happened by now, the latest of each kind; the sound goes where it is wanted."""
        told = dict(self.sipp.told(self.name))
        media = _MEDIA.search(told.get("media", ""))
        if self.voice is not None and media is not None:
            event = int(media["event"]) if media["event"] else None
            self.voice.towards((media["host"], int(media["port"])), event)
        return told

    def ended(self) -> Ending | None:
        told = self.look()
        answered = "answered" in told
        if "refused" in told:
            status, _, reason = told["refused"].removeprefix("SIP/2.0 ").partition(" ")
            return Ending(int(status), f"{status} {reason}", refused=True)
        if "ended" in told:
            return Ending(None, "ended", refused=not answered)
        if self.sipp.gone:
            return Ending(None, f"SIPp gave it up: {self.sipp.tail()}", refused=not answered)
        return None


_MEDIA = re.compile(
    r"c=IN IP4 (?P<host>[\d.]+) m=audio (?P<port>\d+)(?: a=rtpmap:(?P<event>\d+) .*)?"
)


class Sipp:
    """See `Handset`."""

    def __init__(self, folder: Path, hertz: int) -> None:
        self._folder, self._hertz = folder, hertz
        self._words = Words.with_secret(secrets.token_hex(8).upper())
        self._account = Account("", "", ("", 0))
        self._host = ""
        self._idle: RunningSipp | None = None
        self._enrolled = ""
        self._call: _Call | None = None
        self._seen: set[str] = set()
        self._runs = 0

    def register(self, user: str, password: str, server: tuple[str, int]) -> None:
        """See `Handset.register`."""
        self.close()
        if not (_PLAIN.fullmatch(user) and _PLAIN.fullmatch(password)):
            raise PhoneError("SIPp takes no spaces, quotes or brackets in a user or password")
        self._account, self._host = Account(user, password, server), own_address(server)
        self._seen.clear()
        to = f"{server[0]}:{server[1]}"
        scenario = called(self._account, self._words)
        self._idle = self._start("called", scenario, to, "-rsa", to)
        self._enrolled = secrets.token_hex(16)
        if until(self._registration, "SIPp's registration", _REGISTERS_WITHIN_S) == "refused":
            why = dict(self._idle.told(self._enrolled))["refused"].removeprefix("SIP/2.0 ")
            self._idle.close()
            self._idle = None
            raise NotRegistered(f"sipp: {user} is not let in: {why}")

    def _registration(self) -> str:
        """`enrolled`, `refused`, or an empty string as long as it tries."""
        told = dict(self._on.told(self._enrolled))
        if self._on.gone:
            raise PhoneError(f"SIPp ended: {self._on.tail()}")
        if not told:  # it is not there yet
            self._on.say(self._words.enrol, self._enrolled)
        return next((word for word in ("enrolled", "refused") if word in told), "")

    def dial(self, number: str) -> None:
        """See `Handset.dial`."""
        self.ringing()
        self._finish()
        self._put_down()
        user, (host, port) = quote(number, safe="+*"), self._account.server
        voice = RtpVoice(self._host, self._hertz)
        unique, name = secrets.token_hex(8), secrets.token_hex(16)
        scenario = caller(self._account, self._words, user, unique, voice.port)
        by = ("-m", "1", "-cid_str", name, "-auth_uri", f"{user}@{host}:{port}")
        self._call = _Call(self._start("caller", scenario, f"{host}:{port}", *by), name, voice)

    def ringing(self) -> str | None:
        """See `Handset.ringing`."""
        for what, name, _ in self._on.lines():
            if what == "rings" and name not in self._seen:
                self._seen.add(name)
                self._comes(name)
        call = self._call
        if call is None or call.voice is not None:  # we called, or it is taken
            return None
        told = call.look()
        return None if "ended" in told else told["rings"].partition(";tag=")[0]

    def _comes(self, name: str) -> None:
        """A call came in; one at a time."""
        if self._call is not None and self._call.ended() is None:
            self._on.say(self._words.drop, name)
        else:
            self._put_down()
            self._call = _Call(self._on, name)

    def answer(self) -> None:
        """See `Handset.answer`."""
        if self.ringing() is None or self._call is None:
            raise PhoneError("no call rings at this phone")
        self._call.voice = RtpVoice(self._host, self._hertz)
        self._on.say(self._words.take, self._call.name, str(self._call.voice.port))

    def answered(self) -> bool:
        """See `Handset.answered`."""
        return "answered" in self._now.look()

    def ended(self) -> Ending | None:
        """See `Handset.ended`."""
        return self._now.ended()

    def press(self, keys: str) -> None:
        """See `Handset.press`."""
        self._now.look()
        if self._now.voice is None:
            raise PhoneError("the call that rings here was not answered")
        self._now.voice.press(keys)

    def hang_up(self) -> None:
        """See `Handset.hang_up`."""
        call = self._now
        # Nothing is cancelled before its first response, nor ended before an ACK
        # (RFC 3261 §9.1 and §15).
        ready = {"rings"} if call.voice is None else {"going", "answered"}
        until(
            lambda: call.ended() or ready & call.look().keys(),
            "the carrier's word about the call",
            _STARTS_WITHIN_S,
        )
        if call.ended() is None:
            call.sipp.say(self._words.drop, call.name)

    def heard(self) -> bytes:
        """See `Handset.heard`."""
        if self._call is None or self._call.voice is None:
            return b""
        self._call.look()
        return self._call.voice.wav()

    def close(self) -> None:
        """See `Handset.close`."""
        if self._idle is None:
            return
        idle = self._idle
        try:
            self.ringing()
            self._finish()
            idle.say(self._words.leave, self._enrolled)
            # Where the carrier is gone, what was registered there ends with its time.
            with suppress(TooLate):
                until(self._has_left, "goodbye", _LEAVES_WITHIN_S)
        finally:
            self._put_down()
            idle.close()
            self._idle = None

    def _has_left(self) -> bool:
        return "left" in dict(self._on.told(self._enrolled))

    def _finish(self) -> None:
        """End the latest call, as far as the carrier still hears of it."""
        call = self._call
        if call is None or call.ended() is not None:
            return
        with suppress(TooLate):
            self.hang_up()
            until(call.ended, "the end of the call", _LEAVES_WITHIN_S)

    @property
    def _on(self) -> RunningSipp:
        if self._idle is None:
            raise PhoneError("the phone has not begun: register it first")
        return self._idle

    @property
    def _now(self) -> _Call:
        if self._call is None:
            raise PhoneError("the phone has had no call")
        return self._call

    def _start(self, name: str, scenario: str, *options: str) -> RunningSipp:
        self._runs += 1
        return RunningSipp(self._folder, f"{name}-{self._runs}", scenario, self._host, *options)

    def _put_down(self) -> None:
        """What belongs to the latest call goes; a call that comes here belongs to the phone."""
        call, self._call = self._call, None
        if call is None:
            return
        if call.voice is not None:
            call.voice.close()
        if call.sipp is not self._idle:
            call.sipp.close()
