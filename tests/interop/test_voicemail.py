"""Voicemail with real softphones: what one says after the tone another hears on 1417."""

import urllib.request
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from lab.scenarios.hearing import RATE_HZ, tone_level
from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.interop.dialled import Dialled, registered
from tests.support.carrier import Carrier
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.listens]

CALLER_HZ, OWN_HZ, BEEP_HZ = 700, 1300, 400
CLEAR = 0.8
"""The share of the power that is the tone's."""
OWNER = lines.TestLine("09000000071", "docomo", "secret-owner", options=("voicemail",))
GREETED = lines.TestLine("09000000072", "docomo", "secret-greeted", options=("voicemail",))


@pytest.fixture(scope="module")
def owners(carrier: Carrier) -> Iterator[None]:
    """The lines with voicemail, at this module's carrier alone."""
    for line in (OWNER, GREETED):
        place = {"ma": "東京", "prefecture": "東京都"}
        wanted = {"number": line.number, "profile": line.profile, "options": ["voicemail"]}
        carrier.send("POST", "/v1/lines", {**wanted, **place})
        account = {"line": line.number, "user": line.number, "password": line.password}
        carrier.send("POST", "/v1/accounts", account)
    yield
    for line in (OWNER, GREETED):
        carrier.send("DELETE", f"/v1/lines/{line.number}")


@pytest.fixture
def phone(carrier: Carrier, tmp_path: Path) -> Iterator[Pjsua2Phone]:
    with registered(tmp_path / "caller", lines.PJSUA2, carrier) as phone:
        yield phone


def e164(line: lines.TestLine) -> str:
    return "+81" + line.number[1:]


def messages(carrier: Carrier, line: lines.TestLine) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = carrier.get(f"/v1/voicemail/{line.number}/messages")["items"]
    return found


def record_of(carrier: Carrier, line: lines.TestLine, called: str) -> dict[str, Any]:
    """The record of the line's latest call of a number, once it is there."""

    def mine() -> list[dict[str, Any]]:
        rows = carrier.get("/v1/cdrs?limit=1000")["items"]
        return [row for row in rows if row["line"] == e164(line) and row["called"] == called]

    return until(mine, f"a record of {line.number} calling {called}")[0]


def charge_of(carrier: Carrier, record: dict[str, Any]) -> dict[str, Any]:
    """The charge for a record's leg, once it is made."""
    path = f"/v1/charges?call_id={record['call_id']}"
    found = until(lambda: carrier.get(path)["items"], "the charge")
    (charge,) = [each for each in found if each["leg"] == record["leg"]]
    return dict(charge)


def told(carrier: Carrier, prompt: Prompt) -> None:
    """Wait until a call that goes on is told something; what it sounds like is others' to prove."""

    def said() -> bool:
        return any(prompt.value in call["prompts"] for call in carrier.get("/v1/calls")["items"])

    until(said, f"{prompt.value} being said")


def hears_among(dialled: Dialled, hertz: int, seconds: float) -> None:
    """Wait until a tone was heard for so long, whatever was heard before and after."""
    width, step = round(seconds * 0.9 * RATE_HZ), RATE_HZ // 10

    def heard() -> bool:
        sound = dialled.ear.sound()
        starts = range(0, len(sound) - width, step)
        return any(tone_level(sound[at : at + width], hertz) > CLEAR for at in starts)

    until(heard, f"{hertz} Hz for {seconds} s")


def speak(dialled: Dialled, hertz: int) -> None:
    """Say a tone for three seconds, to its end."""
    begun = len(dialled.ear.sound())
    dialled.call.tone(hertz, 3000)
    until(lambda: len(dialled.ear.sound()) > begun + 3.5 * RATE_HZ, "the tone being over")


def leave(carrier: Carrier, phone: Pjsua2Phone, line: lines.TestLine, dialled: Dialled) -> None:
    """Say a tone for three seconds after the tone that asks for it, and hang up."""
    before = len(messages(carrier, line))
    hears_among(dialled, BEEP_HZ, 0.8)
    speak(dialled, CALLER_HZ)
    dialled.call.keys("#")
    told(carrier, Prompt.VOICEMAIL_RECORDED)
    dialled.call.hang_up()
    until(lambda: len(messages(carrier, line)) > before, "the message being in the box")


@pytest.mark.rule("VM-01")
@pytest.mark.rule("VM-03")
@pytest.mark.rule("VM-05")
@pytest.mark.rule("VM-06")
@pytest.mark.rule("LINK-04")
def test_what_is_left_is_heard_and_erased(
    carrier: Carrier, owners: None, phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    dialled = Dialled(phone, OWNER.number, tmp_path / "left.wav", voice)
    told(carrier, Prompt.VOICEMAIL_GREETING_NUMBER)
    dialled.call.keys("1")
    leave(carrier, phone, OWNER, dialled)
    [message] = messages(carrier, OWNER)
    calls = len(carrier.get("/v1/cdrs?limit=1000")["items"])
    path = f"/v1/voicemail/{OWNER.number}/messages/{message['id']}/sound.wav"
    with urllib.request.urlopen(carrier.request(path), timeout=30) as sound:
        assert sound.read().startswith(b"RIFF")
    assert len(carrier.get("/v1/cdrs?limit=1000")["items"]) == calls, "hearing it here is no call"
    assert message["caller"] == e164(lines.PJSUA2)
    assert 2.5 < message["seconds"] < 6

    with registered(tmp_path / "owner", OWNER, carrier) as owner:
        heard = Dialled(owner, "1417", tmp_path / "heard.wav", voice)
        heard.ear.hears(Prompt.VOICEMAIL_NEW, 1)
        hears_among(heard, CALLER_HZ, 2.0)
        told(carrier, Prompt.VOICEMAIL_MENU)
        heard.call.keys("3")
        told(carrier, Prompt.VOICEMAIL_ERASED)
        heard.call.wait_ended()
    assert messages(carrier, OWNER) == []
    record = record_of(carrier, OWNER, "1417")
    assert (record["service"], record["payer"]) == ("voicemail-playback", e164(OWNER))
    charge, units = charge_of(carrier, record), ceil(record["seconds"] / 30)
    assert (charge["cause"], charge["line"]) == ("playback", e164(OWNER))
    assert (charge["yen"], charge["yen_with_tax"]) == (str(20 * units), str(22 * units))
    assert carrier.get(f"/v1/cdrs/{record['id']}/why")["cause"] == "playback"


@pytest.mark.rule("VM-05")
def test_an_empty_box_says_so_and_hangs_up(
    carrier: Carrier, owners: None, tmp_path: Path, voice: Voice
) -> None:
    with registered(tmp_path / "owner", GREETED, carrier) as owner:
        heard = Dialled(owner, "1417", tmp_path / "heard.wav", voice)
        heard.ear.hears(Prompt.VOICEMAIL_EMPTY)
        heard.call.wait_ended()
    record = record_of(carrier, GREETED, "1417")
    assert record["service"] == "voicemail-check"
    assert carrier.get(f"/v1/cdrs/{record['id']}/why")["charged"] is False


@pytest.mark.rule("VM-01")
@pytest.mark.rule("VM-05")
def test_callers_hear_the_greeting_that_the_owner_recorded(
    carrier: Carrier, owners: None, phone: Pjsua2Phone, tmp_path: Path, voice: Voice
) -> None:
    with registered(tmp_path / "owner", GREETED, carrier) as owner:
        spoken = Dialled(owner, "1414", tmp_path / "spoken.wav", voice)
        told(carrier, Prompt.GREETING_MENU)
        spoken.call.keys("3")
        hears_among(spoken, BEEP_HZ, 0.8)
        speak(spoken, OWN_HZ)
        spoken.call.keys("#")
        hears_among(spoken, OWN_HZ, 2.0)
        told(carrier, Prompt.GREETING_CONFIRM)
        spoken.call.keys("#")
        told(carrier, Prompt.GREETING_OWN_SET)
        spoken.call.hang_up()
    assert record_of(carrier, GREETED, "1414")["service"] == "voicemail-greeting"
    dialled = Dialled(phone, GREETED.number, tmp_path / "left.wav", voice)
    hears_among(dialled, OWN_HZ, 2.0)
    leave(carrier, phone, GREETED, dialled)
