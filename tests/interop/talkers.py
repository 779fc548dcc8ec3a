"""Softphones that talk to each other: each speaks a tone of its own, and tells what it hears."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from lab.scenarios.hearing import RATE_HZ, Samples, load, tone_level
from lab.scenarios.phones import sounds
from lab.scenarios.phones.baresip_phone import BaresipPhone
from lab.scenarios.phones.linphone_phone import LinphonePhone
from lab.scenarios.phones.pjsua2_phone import Pjsua2Call, Pjsua2Phone
from tests.interop.lines import TestLine
from tests.support.carrier import Carrier
from tests.support.ports import free_range
from tests.support.waiting import until

_WINDOW_S = 0.5
_CLEAR, _KEY_SHARE = 0.7, 0.2
"""The share of the power that is the tone's where it is heard through a softphone's clock."""


class Talker(Protocol):
    """A registered phone with one call."""

    hertz: int
    line: TestLine
    records_on: bool
    """Whether its recording goes on after it held the call."""

    def dial(self, number: str) -> None: ...
    def take(self) -> None:
        """Answer the call that rings here."""

    def speak(self) -> None:
        """Begin to speak, once the call it dialled is answered."""

    def hold(self) -> None: ...
    def resume(self) -> None: ...
    def refer(self, number: str) -> None: ...
    def hang_up(self) -> None: ...
    def wait_ended(self) -> None: ...
    def sound(self) -> Samples:
        """What it heard so far in its latest call; 8 kHz."""

    def close(self) -> None: ...


def hears(listener: Talker, hertz: int) -> None:
    """Wait until the listener hears a tone from now on."""
    _wait(listener, f"hearing {hertz} Hz", lambda sound: tone_level(sound, hertz) > _CLEAR)


def hears_no_more(listener: Talker, hertz: int) -> None:
    """Wait until it no longer does."""

    def silent(sound: Samples) -> bool:
        quiet = float(np.abs(sound).max(initial=0.0)) < 0.02
        return quiet or tone_level(sound, hertz) < 0.05

    _wait(listener, f"hearing {hertz} Hz no more", silent)


def heard_key(listener: Talker, high_hertz: int) -> None:
    """Wait until a key's upper tone was heard among other sound."""

    def heard() -> bool:
        sound = listener.sound()
        width = RATE_HZ // 10
        starts = range(0, max(0, len(sound) - width), width // 2)
        return any(tone_level(sound[at : at + width], high_hertz) > _KEY_SHARE for at in starts)

    until(heard, f"{listener.line.number} hearing a key of {high_hertz} Hz")


def _wait(listener: Talker, what: str, fits: Callable[[Samples], bool]) -> None:
    """Until the last half second, all of it heard since now, fits."""
    width = int(_WINDOW_S * RATE_HZ)
    begin = len(listener.sound())

    def fitting() -> bool:
        sound = listener.sound()
        return len(sound) - begin >= width and fits(sound[-width:])

    until(fitting, f"{listener.line.number} {what}")


def talk(one: Talker, other: Talker) -> None:
    """Wait until each hears the other."""
    hears(one, other.hertz)
    hears(other, one.hertz)


class Pjsua2:
    """pjsua2 as a talker."""

    records_on = True

    def __init__(
        self, folder: Path, line: TestLine, hertz: int, carrier: Carrier, *, tcp: bool = False,
        codecs: tuple[str, ...] = ("PCMU", "PCMA"), events: bool = True, link: bool = False,
    ) -> None:  # fmt: skip
        """`link`: it is the Link app of a rakuten line, not its dialler."""
        self.line, self.hertz = line, hertz
        self._folder, self._server = folder, carrier.address
        folder.mkdir(parents=True)
        self._voice = sounds.tone(folder / "voice.wav", hertz, 600)
        self.phone = Pjsua2Phone(folder, tcp=tcp, codecs=codecs, events=events)
        user = line.link_user if link else line.number
        assert self.phone.register(user, line.password, carrier.address) == 200
        self._calls: list[Pjsua2Call] = []
        self._taken = 0

    @property
    def call(self) -> Pjsua2Call:
        return self._calls[-1]

    def dial(self, number: str) -> None:
        self._calls.append(self.phone.dial(number, self._record()))

    def take(self) -> None:
        ringing = self._incoming()
        ringing.answer(200, self._record())
        ringing.wait_answered()
        self._calls.append(ringing)
        ringing.play(self._voice)

    @property
    def rung(self) -> list[str]:
        """Who called here so far, as shown: a name and a URI each."""
        self.phone.pump()
        return [e["caller"] for e in self.phone.events if e.get("type") == "incoming"]

    def wait_rung(self) -> str:
        """Who calls, once a call rings here that is not taken yet."""
        return until(lambda: self.rung[self._taken :], f"a call for {self.line.number}")[0]

    def reject(self, status: int) -> None:
        """Refuse the call that rings here."""
        self._incoming().answer(status)

    def speak(self) -> None:
        """Begin to speak, once the call it dialled is answered."""
        self.call.wait_answered()
        self.call.play(self._voice)

    def forget_transfers(self) -> None:
        """Wait for the next one's end."""
        self.phone.events[:] = [e for e in self.phone.events if e.get("type") != "transfer"]

    def hold(self) -> None:
        self.call.hold()

    def resume(self) -> None:
        self.call.resume()

    def refer(self, number: str) -> None:
        host, port = self._server
        self.call.refer(f"sip:{number}@{host}:{port}")

    def hang_up(self) -> None:
        self.call.hang_up()

    def wait_ended(self) -> None:
        self.call.wait_ended()

    def sound(self) -> Samples:
        self.phone.pump()
        record = self.call.recording
        assert record is not None
        return load(record) if record.exists() else np.zeros(0, dtype=np.float32)

    def close(self) -> None:
        self.phone.close()

    def _record(self) -> Path:
        return self._folder / f"heard-{len(self._calls)}.wav"

    def _incoming(self) -> Pjsua2Call:
        """The first call that rings here and was not taken yet."""
        known = self._taken

        def rings() -> list[int]:
            self.phone.pump()
            calls = [e["call"] for e in self.phone.events if e.get("type") == "incoming"]
            return calls[known:]

        name = until(rings, f"a call for {self.line.number}")[0]
        self._taken += 1
        return Pjsua2Call(self.phone, name, None)


class Baresip:
    """baresip as a talker; it answers by itself."""

    records_on = False

    def __init__(self, folder: Path, line: TestLine, hertz: int, carrier: Carrier) -> None:
        self.line, self.hertz = line, hertz
        folder.mkdir(parents=True)
        self._server = carrier.address
        voice = sounds.tone(folder / "voice.wav", hertz, 600)
        self.phone = BaresipPhone(
            folder, line.number, line.password, carrier.address,
            rtp_ports=free_range(16), voice=voice,
        )  # fmt: skip
        assert self.phone.wait_registered()

    def dial(self, number: str) -> None:
        self.phone.dial(number)

    def take(self) -> None:
        self.phone.wait_answered()

    speak = take

    def hold(self) -> None:
        self.phone.hold()

    def resume(self) -> None:
        self.phone.resume()

    def refer(self, number: str) -> None:
        host, port = self._server
        self.phone.refer(f"sip:{number}@{host}:{port}")

    def hang_up(self) -> None:
        self.phone.hang_up()

    def wait_ended(self) -> None:
        self.phone.wait_ended()

    def sound(self) -> Samples:
        files = self.phone.recordings()
        return load(files[-1]) if files else np.zeros(0, dtype=np.float32)

    def close(self) -> None:
        self.phone.close()


class Linphone:
    """linphone as a talker."""

    records_on = False

    def __init__(self, folder: Path, line: TestLine, hertz: int, carrier: Carrier) -> None:
        self.line, self.hertz = line, hertz
        folder.mkdir(parents=True)
        self._record = folder / "heard.wav"
        self.phone = LinphonePhone(folder, voice=sounds.tone(folder / "voice.wav", hertz, 600))
        assert self.phone.register(line.number, line.password, carrier.address)

    def dial(self, number: str) -> None:
        self.phone.dial(number, self._record)

    def take(self) -> None:
        self.phone.answer(self._record)
        self.phone.wait_answered()

    def speak(self) -> None:
        self.phone.wait_answered()

    def hold(self) -> None:
        self.phone.say("pause")

    def resume(self) -> None:
        self.phone.say("resume")

    def refer(self, number: str) -> None:
        self.phone.say(f"transfer {number}")

    def hang_up(self) -> None:
        self.phone.hang_up()

    def wait_ended(self) -> None:
        self.phone.wait_ended()

    def sound(self) -> Samples:
        return load(self._record) if self._record.exists() else np.zeros(0, dtype=np.float32)

    def close(self) -> None:
        self.phone.close()
