"""A box heard from another phone with real softphones: the PIN, its errors, and its lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.interop.dialled import Dialled, registered
from tests.interop.test_voicemail_abuse import LOUD, at_pace
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone

pytestmark = [pytest.mark.interop, pytest.mark.listens, pytest.mark.rule("VM-03")]

OWNER, CALLER = lines.CROWD[72], lines.PJSUA2
BOX = f"/v1/voicemail/{OWNER.number}"
PIN, WRONG = "4826", "0000"


@pytest.fixture(scope="module")
def message(carrier: Carrier) -> Iterator[None]:
    """What is in the owner's box, which has a PIN."""
    carrier.send("PATCH", f"/v1/lines/{OWNER.number}", {"options": ["voicemail"]})
    carrier.send("PUT", f"{BOX}/ring-time", {"seconds": 0})
    carrier.send("PUT", f"{BOX}/pin", {"pin": PIN})
    with (
        WirePhone(carrier.address, lines.WIRE.number, lines.WIRE.password) as phone,
        WireCall(phone, OWNER.number) as call,
    ):
        assert call.dial().status == 200
        call.rtp.key("1")
        at_pace(call, 1.5, lambda: None)
        at_pace(call, 1.5, lambda: call.rtp.send(LOUD))
        call.bye()
    until(lambda: carrier.get(f"{BOX}/messages")["items"], "the message being in the box")
    yield
    carrier.send("PATCH", f"/v1/lines/{OWNER.number}", {"options": []})


@pytest.fixture
def phone(carrier: Carrier, tmp_path: Path) -> Iterator[Pjsua2Phone]:
    with registered(tmp_path / "caller", CALLER, carrier) as phone:
        yield phone


@contextmanager
def asked(carrier: Carrier, phone: Pjsua2Phone, record: Path, voice: Voice) -> Iterator[Dialled]:
    """A call to the owner's box, as far as the question for the PIN."""
    dialled = Dialled(phone, f"1417{OWNER.number}", record, voice)
    heard_so_often(carrier, Prompt.PIN_ENTER, 1)
    yield dialled
    dialled.call.wait_ended()


def heard_so_often(carrier: Carrier, prompt: Prompt, times: int) -> None:
    """Wait until the one call that goes on was told something so many times."""

    def heard() -> bool:
        calls: list[dict[str, Any]] = carrier.get("/v1/calls")["items"]
        return any(call["prompts"].count(prompt.value) >= times for call in calls)

    until(heard, f"{prompt.value}, {times} times")


def is_locked(carrier: Carrier) -> bool:
    return bool(carrier.get(BOX)["remote_locked"])


def test_three_errors_end_the_call_the_fourth_locks_and_an_unlocked_box_is_heard(
    carrier: Carrier, message: None, phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    with asked(carrier, phone, tmp_path / "wrong.wav", voice) as dialled:
        for times in (1, 2, 3):
            heard_so_often(carrier, Prompt.PIN_ENTER, times)
            dialled.call.keys(f"{WRONG}#")
            heard_so_often(carrier, Prompt.PIN_WRONG, times)
    assert not is_locked(carrier)
    with asked(carrier, phone, tmp_path / "locked.wav", voice) as dialled:
        dialled.call.keys(f"{WRONG}#")
        dialled.ear.hears(Prompt.PIN_LOCKED)
    assert is_locked(carrier)
    carrier.send("POST", f"{BOX}/unlock")
    with asked(carrier, phone, tmp_path / "right.wav", voice) as dialled:
        dialled.call.keys(f"{PIN}#")
        dialled.ear.hears(Prompt.VOICEMAIL_NEW, 1)
        dialled.call.hang_up()
    rows = carrier.get("/v1/cdrs?limit=1000")["items"]
    mine = [row for row in rows if row["called"] == f"1417{OWNER.number}"]
    assert {(row["service"], row["payer"]) for row in mine} == {
        ("voicemail-remote", f"+81{CALLER.number[1:]}")
    }
    assert not carrier.tells(PIN)
