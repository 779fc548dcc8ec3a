"""baresip, linphone, pjsua2 and SIPp as telephones of scenarios; each speaks its own tone."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from lab.scenarios.phones import sounds
from lab.scenarios.phones.baresip_phone import BaresipPhone
from lab.scenarios.phones.errors import PhoneError
from lab.scenarios.phones.handset import Ending, Handset, NotRegistered
from lab.scenarios.phones.linphone_phone import LinphonePhone
from lab.scenarios.phones.pjsua2_phone import Pjsua2Call, Pjsua2Phone
from lab.scenarios.phones.ports import free_range, own_address
from lab.scenarios.phones.sipp_phone import Sipp
from lab.scenarios.phones.waiting import until

Json = dict[str, Any]
T = TypeVar("T")

VOICE_S = 300
"""How long a phone speaks: longer than any scenario."""

_RTP_PORTS = 16


def status_in(text: str) -> int | None:
    """The SIP status at the beginning of a reason, as of `404 Not Found`."""
    found = re.match(r"([3-6]\d\d)\b", text)
    return int(found[1]) if found else None


class Baresip:
    """baresip; a recording of each call lies in its folder."""

    def __init__(self, folder: Path, hertz: int) -> None:
        self._folder = folder
        self._voice = sounds.tone(folder / "voice.wav", hertz, VOICE_S)
        self._phone: BaresipPhone | None = None
        self._begin = self._recordings = 0

    def register(self, user: str, password: str, server: tuple[str, int]) -> None:
        """See `Handset.register`."""
        self.close()
        host = own_address(server)
        ports = free_range(_RTP_PORTS, host)
        self._phone = phone = BaresipPhone(
            self._folder / "phone", user, password, server,
            rtp_ports=ports, voice=self._voice, host=host, answers=False,
        )  # fmt: skip
        if not phone.wait_registered():
            raise NotRegistered(f"baresip: {user} is not let in: is the password right?")

    def dial(self, number: str) -> None:
        """See `Handset.dial`."""
        self._forget()
        self._on.dial(number)

    def ringing(self) -> str | None:
        """See `Handset.ringing`."""
        call = self._call()
        began = next((each for each in call if each["type"] == "CALL_INCOMING"), None)
        if began is None or any(each["type"] in _SETTLED for each in call):
            return None
        return str(began.get("peeruri", ""))

    def answer(self) -> None:
        """See `Handset.answer`."""
        self._recordings = len(self._on.recordings())
        self._on.take()

    def answered(self) -> bool:
        """See `Handset.answered`."""
        return any(each["type"] == "CALL_ESTABLISHED" for each in self._call())

    def ended(self) -> Ending | None:
        """See `Handset.ended`."""
        call = self._call()
        closed = next((each for each in call if each["type"] == "CALL_CLOSED"), None)
        if closed is None:
            return None
        was_up = any(each["type"] == "CALL_ESTABLISHED" for each in call)
        reason = str(closed.get("param", ""))
        return Ending(None if was_up else status_in(reason), reason, not was_up)

    def press(self, keys: str) -> None:
        """See `Handset.press`."""
        self._on.keys(keys)

    def hang_up(self) -> None:
        """See `Handset.hang_up`."""
        self._on.command("hangup")

    def heard(self) -> bytes:
        """See `Handset.heard`."""
        files = self._on.recordings()[self._recordings :]
        return files[-1].read_bytes() if files else b""

    def close(self) -> None:
        """See `Handset.close`."""
        if self._phone is not None:
            self._phone.close()
            self._phone = None

    @property
    def _on(self) -> BaresipPhone:
        return _there(self._phone)

    def _forget(self) -> None:
        self._on.pump()
        self._begin = len(self._on.events)
        self._recordings = len(self._on.recordings())

    def _call(self) -> list[Json]:
        """What happened to the latest call, dialled or coming in."""
        self._on.pump()
        since = self._on.events[self._begin :]
        coming = [at for at, each in enumerate(since) if each["type"] == "CALL_INCOMING"]
        return since[coming[-1] :] if coming else since


_SETTLED = ("CALL_ESTABLISHED", "CALL_CLOSED")


class Linphone:
    """linphone's console; its word for how a call failed has no status.

    It fails when it is told to record a call that rings: where the next one goes is told before.
    After a call was refused with 403 it asks for another password, and is started anew.
    """

    def __init__(self, folder: Path, hertz: int) -> None:
        self._folder = folder
        self._voice = sounds.tone(folder / "voice.wav", hertz, VOICE_S)
        self._phone: LinphonePhone | None = None
        self._heard = self._next = 0
        self._login = ("", "", ("", 0))

    def register(self, user: str, password: str, server: tuple[str, int]) -> None:
        """See `Handset.register`."""
        self.close()
        self._login = (user, password, server)
        folder = self._folder / "phone"
        folder.mkdir(exist_ok=True)
        (folder / "linphone.log").unlink(missing_ok=True)
        self._phone = LinphonePhone(folder, voice=self._voice, host=own_address(server))
        if not self._phone.register(user, password, server):
            raise NotRegistered(f"linphone: {user} is not let in: is the password right?")
        self._phone.forget()
        self._record_next()

    def dial(self, number: str) -> None:
        """See `Handset.dial`."""
        if _ASKS in self._on.output():
            self.register(*self._login)
        self._on.forget()
        self._heard = self._next
        self._on.dial(number, self._file(self._heard))

    def ringing(self) -> str | None:
        """See `Handset.ringing`."""
        said = self._call()
        found = re.match(rf"{_COMING} from (.+?), assigned", said)
        if found is None or self.ended() is not None or self.answered():
            return None
        return found[1]

    def answer(self) -> None:
        """See `Handset.answer`."""
        self._heard = self._next
        self._on.answer()

    def answered(self) -> bool:
        """See `Handset.answered`."""
        return bool(re.search(r"Call \d+ with .* connected", self._call()))

    def ended(self) -> Ending | None:
        """See `Handset.ended`."""
        found = re.search(r"Call \d+ with .* (ended.*|error.*)", self._call())
        if found is None:
            return None
        if self._next == self._heard and _ASKS not in self._on.output():
            self._record_next()
        return Ending(None, found[1].strip(), not self.answered())

    def press(self, keys: str) -> None:
        """See `Handset.press`."""
        self._on.keys(keys)

    def hang_up(self) -> None:
        """See `Handset.hang_up`."""
        self._on.say("terminate")

    def heard(self) -> bytes:
        """See `Handset.heard`."""
        file = self._file(self._heard)
        return file.read_bytes() if file.exists() else b""

    def close(self) -> None:
        """See `Handset.close`."""
        if self._phone is not None:
            self._phone.close()
            self._phone = None

    @property
    def _on(self) -> LinphonePhone:
        return _there(self._phone)

    def _call(self) -> str:
        """What it said of the latest call, dialled or coming in."""
        said = self._on.output()
        return said[max(0, said.rfind(_COMING)) :]

    def _file(self, number: int) -> Path:
        return self._folder / f"heard-{number}.wav"

    def _record_next(self) -> None:
        self._next += 1
        self._on.record(self._file(self._next))


_COMING, _ASKS = "Receiving new incoming call", "Password for "


class Pjsua2:
    """pjsua2 in a process of its own."""

    def __init__(self, folder: Path, hertz: int) -> None:
        self._folder = folder
        self._voice = sounds.tone(folder / "voice.wav", hertz, VOICE_S)
        self._phone: Pjsua2Phone | None = None
        self._call: Pjsua2Call | None = None
        self._calls = 0
        self._known: set[int] = set()

    def register(self, user: str, password: str, server: tuple[str, int]) -> None:
        """See `Handset.register`."""
        self.close()
        self._call = None
        self._known.clear()
        self._phone = Pjsua2Phone(self._folder / "phone", host=own_address(server))
        status = self._phone.register(user, password, server)
        if status != _OK:
            raise NotRegistered(f"pjsua2: {user} is not let in: {status}")

    def dial(self, number: str) -> None:
        """See `Handset.dial`."""
        self._call = self._on.dial(number, self._next_record(), voice=self._voice)

    def ringing(self) -> str | None:
        """See `Handset.ringing`."""
        self._on.pump()
        for event in self._on.events:
            if event["type"] == "incoming" and event["call"] not in self._known:
                self._known.add(event["call"])
                self._call = Pjsua2Call(self._on, event["call"], None)
        if self._call is None:
            return None
        call = self._call
        if set(call.states) & {"CONFIRMED", "DISCONNECTED", "CALLING"}:
            return None
        return next(
            str(each["caller"])
            for each in self._on.events
            if each["type"] == "incoming" and each["call"] == call.name
        )

    def answer(self) -> None:
        """See `Handset.answer`."""
        until(self.ringing, "a call ringing at pjsua2", 1.0)
        self._now.answer(_OK, self._next_record(), voice=self._voice)

    def answered(self) -> bool:
        """See `Handset.answered`."""
        media = any(each["active"] for each in self._now.events("media"))
        return media and "CONFIRMED" in self._now.states

    def ended(self) -> Ending | None:
        """See `Handset.ended`."""
        over = [each for each in self._now.events("call") if each["state"] == "DISCONNECTED"]
        if not over:
            return None
        refused = "CONFIRMED" not in self._now.states
        status = int(over[0]["code"]) if refused else None
        return Ending(status, f"{over[0]['code']} {over[0]['reason']}", refused)

    def press(self, keys: str) -> None:
        """See `Handset.press`."""
        self._now.keys(keys)

    def hang_up(self) -> None:
        """See `Handset.hang_up`."""
        self._on.ask("hangup", call=self._now.name)

    def heard(self) -> bytes:
        """See `Handset.heard`."""
        self._on.pump()
        record = self._folder / f"heard-{self._calls}.wav"
        return record.read_bytes() if record.exists() else b""

    def close(self) -> None:
        """See `Handset.close`."""
        if self._phone is not None:
            self._phone.close()
            self._phone = None

    @property
    def _on(self) -> Pjsua2Phone:
        return _there(self._phone)

    @property
    def _now(self) -> Pjsua2Call:
        return _there(self._call)

    def _next_record(self) -> Path:
        self._calls += 1
        return self._folder / f"heard-{self._calls}.wav"


_OK = 200


def _there(one: T | None) -> T:
    """The phone, or its call.

    Raises:
        PhoneError: there is none yet.
    """
    if one is None:
        raise PhoneError("the phone has not begun: register it, and call with it, first")
    return one


HANDSETS: Mapping[str, Callable[[Path, int], Handset]] = {
    "baresip": Baresip,
    "linphone": Linphone,
    "pjsua2": Pjsua2,
    "sipp": Sipp,
}
"""Softphones of others, by name: each is made of a folder of its own and the tone it speaks."""
