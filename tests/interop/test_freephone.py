"""Freephone numbers with real softphones, and with other carriers' callers of every class."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr.numbering import areas
from ivr.numbering.areas import PREFECTURES
from lab.areas import packaged
from lab.scenarios.ear import Ear
from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.interop.lines import TestLine
from tests.interop.room import BOB_HZ, Room
from tests.interop.talkers import Pjsua2, talk
from tests.interop.wired import registered
from tests.support.carrier import Carrier
from tests.support.open_phone import OpenCall, OpenPhone, Ringing, give_up
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone, token

pytestmark = [pytest.mark.interop, pytest.mark.listens]

EAST, WEST = lines.CROWD[61], lines.CROWD[62]
CALLER, MOBILE, SECOND_CALLER = lines.CROWD[63], lines.CROWD[64], lines.CROWD[65]
NATION = [{"level": "nation"}]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")

CLASSES = {
    "fixed": ("127.0.0.61", None),
    "mobile": ("127.0.0.62", "大阪府"),
    "phs": ("127.0.0.63", "東京都"),
    "payphone": ("127.0.0.64", None),
    "ip-phone": ("127.0.0.65", None),
    "international": ("127.0.0.66", None),
    "satellite": ("127.0.0.67", None),
}
"""Another carrier for each class of callers: its address, and where its callers count as."""


def always(value: object) -> dict[str, Any]:
    """A schedule that never changes."""
    return {"days": {day: [{"begins": "00:00", "ends": "24:00", "value": value}] for day in DAYS}}


def setup(*receptions: TestLine | dict[str, Any], **more: Any) -> dict[str, Any]:
    """A set-up: all callers reach the first of these lines, unless it has groups of its own."""
    received = [r if isinstance(r, dict) else {"line": r.number} for r in receptions]
    group = {"name": "all", "areas": NATION, "line": received[0]["line"]}
    return {"groups": [group], "receptions": received, **more}


@contextmanager
def contracted(carrier: Carrier, number: str, wanted: dict[str, Any]) -> Iterator[str]:
    """The demo's contract has the number meanwhile."""
    body = {"number": number, "contract": "K00000001", "setup": wanted}
    carrier.send("POST", "/v1/freephones", body)
    try:
        yield number
    finally:
        carrier.send("DELETE", f"/v1/freephones/{number}")


@pytest.fixture(scope="module")
def carriers(carrier: Carrier) -> Iterator[dict[str, OpenPhone]]:
    """The other carriers, by the class of their callers."""
    with ExitStack() as stack:
        phones = {}
        for name, (host, prefecture) in CLASSES.items():
            phones[name] = stack.enter_context(OpenPhone(carrier.address, "0312345678", host))
            body = {
                "name": f"free-{name}",
                "caller_class": name,
                "peers": [f"{host}:{phones[name].port}"],
                "trusted": True,
                "prefecture": prefecture,
            }
            carrier.send("POST", "/v1/trunks", body)
            stack.callback(carrier.send, "DELETE", f"/v1/trunks/free-{name}")
        yield phones


@pytest.fixture(scope="module")
def east(carrier: Carrier) -> Iterator[WirePhone]:
    with registered(carrier, EAST) as phone:
        yield phone


@pytest.fixture(scope="module")
def west(carrier: Carrier) -> Iterator[WirePhone]:
    with registered(carrier, WEST) as phone:
        yield phone


@pytest.fixture(scope="module")
def split_country(carrier: Carrier) -> Iterator[str]:
    """A number that half the prefectures reach one line by, and the others another."""
    halves = PREFECTURES[:23], PREFECTURES[23:]
    groups = [
        {
            "name": line.number,
            "areas": [{"level": "prefecture", "name": name} for name in half],
            "line": line.number,
        }
        for half, line in zip(halves, (EAST, WEST), strict=True)
    ]
    wanted = setup(EAST, WEST, groups=groups, options=["several-lines", "area-split"])
    with contracted(carrier, "0120000147", wanted) as number:
        yield number


@pytest.fixture(scope="module")
def numbers() -> dict[str, str]:
    """A fixed telephone's number in each prefecture."""
    known, found = packaged(), dict[str, str]()
    table = Path(areas.__file__).with_name(areas.TABLE).read_text("utf-8")
    for row in table.splitlines():
        number = row.partition("\t")[0].ljust(10, "2")
        area = None if row.startswith("#") else known.of(number)
        if area is not None:
            found.setdefault(area.prefecture, number)
    return found


def rings(caller: OpenPhone, number: str, called: WirePhone, sender: str) -> None:
    """A call from there rings here, and is given up."""
    with OpenCall(caller, number, sender=f"<sip:{sender}@x>") as call:
        branch = token("z9hG4bK")
        caller.send(call.invite(branch))
        with Ringing(called) as ringing:
            ringing.respond("180 Ringing")
            assert give_up(call, branch, ringing).status == 487


@pytest.mark.rule("FREE-03")
@pytest.mark.rule("FREE-06")
def test_a_fixed_telephone_of_each_prefecture_reaches_its_group_s_line(
    carriers: dict[str, OpenPhone],
    split_country: str,
    east: WirePhone,
    west: WirePhone,
    numbers: dict[str, str],
) -> None:
    for at, prefecture in enumerate(PREFECTURES):
        called = east if at < 23 else west
        rings(carriers["fixed"], split_country, called, numbers[prefecture])


@pytest.mark.rule("FREE-02")
@pytest.mark.rule("FREE-03")
def test_mobiles_count_as_of_their_prefecture_and_payphones_as_of_their_number(
    carriers: dict[str, OpenPhone], split_country: str, east: WirePhone, west: WirePhone
) -> None:
    rings(carriers["mobile"], split_country, west, "09011112222")
    rings(carriers["phs"], split_country, east, "07011112222")
    rings(carriers["payphone"], split_country, east, "0312345678")
    rings(carriers["payphone"], split_country, west, "0612345678")


@pytest.mark.rule("FREE-01")
@pytest.mark.rule("FREE-02")
def test_050_foreign_satellite_and_video_callers_hear_why_not(
    carrier: Carrier, caller: WirePhone, carriers: dict[str, OpenPhone], split_country: str
) -> None:
    """As early media, which costs nothing; then 403, and 488 for the video."""
    senders = {"ip-phone": "05011112222", "international": "+12125550100", "satellite": "+8816"}
    with ExitStack() as stack:
        calls = {}
        for name, sender in senders.items():
            call = OpenCall(carriers[name], split_country, sender=f"<sip:{sender}@x>")
            branch = token("z9hG4bK")
            carriers[name].send(stack.enter_context(call).invite(branch))
            calls[name] = call, branch
        video = stack.enter_context(WireCall(caller, split_country))
        with_video = token("z9hG4bK")
        caller.send(and_video(video.invite(with_video)))
        for name, (call, branch) in calls.items():
            assert carriers[name].expect(183, method="INVITE").body
            assert call.wait_final(branch, 60).status == 403, name
        assert caller.expect(183, method="INVITE").body
        assert video.wait_final(with_video, 60).status == 488
    ids = {call.call_id for call, _ in calls.values()}
    rows = until(lambda: _records(carrier, ids, len(ids)), "the records of the refused")
    assert {(row["service"], row["seconds"]) for row in rows} == {("freephone-refused", 0.0)}


def _records(carrier: Carrier, sip_call_ids: set[str], count: int) -> list[dict[str, Any]]:
    rows = carrier.get("/v1/cdrs?limit=1000")["items"]
    found = [row for row in rows if row["sip_call_id"] in sip_call_ids]
    return found if len(found) == count else []


@pytest.fixture
def caller(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, CALLER.number, CALLER.password) as phone:
        yield phone


def and_video(invite: str) -> str:
    """The INVITE with a video stream beside the sound."""
    head, _, body = invite.partition("\r\n\r\n")
    return sized(head, f"{body}m=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n")


def sized(head: str, body: str) -> str:
    """A request with another body."""
    size = next(line for line in head.split("\r\n") if line.startswith("Content-Length"))
    return f"{head.replace(size, f'Content-Length: {len(body)}')}\r\n\r\n{body}"


NO_TELEPHONE_SOUND = {
    "wideband": "m=audio 40000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n",
    "data": "m=audio 40000 RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000\r\n",
    "fax": "m=image 40000 udptl t38\r\n",
}


@pytest.mark.rule("FREE-01")
@pytest.mark.parametrize("media", NO_TELEPHONE_SOUND.values(), ids=NO_TELEPHONE_SOUND)
def test_an_offer_without_telephone_sound_is_refused(
    caller: WirePhone, split_country: str, media: str
) -> None:
    """At once: there is no codec in which the caller could be told why."""
    with WireCall(caller, split_country) as call:
        branch = token("z9hG4bK")
        head, _, body = call.invite(branch).partition("\r\n\r\n")
        caller.send(sized(head, body[: body.index("m=")] + media))
        assert call.wait_final(branch).status == 488


def second_call(phone: WirePhone, number: str) -> int | None:
    with WireCall(phone, number) as call:
        return call.dial(60).status


@contextmanager
def ringing(caller: WirePhone, number: str, called: WirePhone) -> Iterator[Ringing]:
    """A line's call that rings here; it is given up after."""
    with WireCall(caller, number) as call:
        branch = token("z9hG4bK")
        caller.send(call.invite(branch))
        with Ringing(called) as rung:
            rung.respond("180 Ringing")
            yield rung
            assert give_up(call, branch, rung).status == 487


@pytest.mark.rule("FREE-05")
@pytest.mark.rule("FREE-14")
def test_a_call_beyond_the_shared_capacity_is_busy(
    carrier: Carrier, caller: WirePhone, east: WirePhone
) -> None:
    wanted = setup(
        {"line": EAST.number, "channels": 9}, WEST, capacity=1, options=["several-lines"]
    )
    with (
        contracted(carrier, "0120000105", wanted) as number,
        WirePhone(carrier.address, SECOND_CALLER.number, SECOND_CALLER.password) as second,
        ringing(caller, number, east),
    ):
        assert second_call(second, number) == 486


@pytest.mark.rule("FREE-08")
def test_calls_are_split_by_weight_to_the_call(
    carrier: Carrier, caller: WirePhone, east: WirePhone, west: WirePhone
) -> None:
    shares = {"lines": [EAST.number, WEST.number], "weights": [2, 1]}
    group = {"name": "all", "areas": NATION, "shares": shares}
    wanted = setup(EAST, WEST, groups=[group], options=["several-lines", "share-split"])
    with contracted(carrier, "0120000108", wanted) as number:
        for called in (east, west, east, east, west, east):
            with ringing(caller, number, called):
                pass


@pytest.mark.rule("FREE-09")
@pytest.mark.rule("CALL-04")
def test_on_schedule_another_line_receives_and_sees_who_calls(
    carrier: Carrier, caller: WirePhone, east: WirePhone, west: WirePhone
) -> None:
    first = {"line": EAST.number, "change": always(WEST.number)}
    wanted = setup(first, WEST, options=["several-lines", "destination-change"])
    with contracted(carrier, "08000000109", wanted) as number:
        with ringing(caller, number, west) as rung:
            assert f"sip:{CALLER.number}@" in rung.invite.get("From")
        with ringing(caller, f"184{number}", west) as rung:
            assert "anonymous@anonymous.invalid" in rung.invite.get("From")


def ear_of(phone: Pjsua2, voice: Voice) -> Ear:
    """Follows what a phone hears in its latest call."""
    return Ear(phone.sound, voice)


@pytest.mark.rule("FREE-01")
@pytest.mark.rule("FREE-04")
@pytest.mark.rule("FREE-07")
@pytest.mark.rule("FREE-13")
def test_a_detoured_call_is_introduced_to_both_and_charged_to_the_contract(
    room: Room, voice: Voice
) -> None:
    alice, busy = room.pjsua2(CALLER), room.pjsua2(MOBILE, 1300)
    bob = room.pjsua2(SECOND_CALLER, BOB_HZ)
    first = {"line": MOBILE.number, "detours": [SECOND_CALLER.number]}
    wanted = setup(first, SECOND_CALLER, options=["several-lines", "detour"])
    with contracted(room.carrier, "0120000107", wanted) as number:
        alice.dial(number)
        busy.reject(486)
        bob.take()
        ear_of(bob, voice).hears(Prompt.FREEPHONE_WHISPER)
        ear_of(alice, voice).hears(Prompt.FREEPHONE_GUIDANCE)
        alice.speak()
        talk(alice, bob)
        alice.hang_up()
        bob.wait_ended()
        full = "+81" + number[1:]
        legs = until(lambda: [leg for leg in room.legs(number) if leg["seconds"]], "the record")
        assert (legs[0]["payer"], legs[0]["service"]) == (full, "freephone")
        charges = until(lambda: charged(room.carrier, full), "the charge")
        assert charges[0]["cause"] == "freephone"


def charged(carrier: Carrier, payer: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = carrier.get("/v1/charges?limit=1000")["items"]
    return [row for row in rows if row["line"] == payer]


@pytest.mark.rule("FREE-04")
def test_without_the_guidance_they_talk_at_once(room: Room) -> None:
    """baresip is called."""
    alice, bob = room.pjsua2(CALLER), room.baresip()
    with contracted(room.carrier, "0120000104", setup(bob.line, guidance=False)) as number:
        alice.dial(number)
        bob.take()
        alice.speak()
        talk(alice, bob)
        alice.hang_up()
        bob.wait_ended()


@pytest.mark.rule("FREE-02")
@pytest.mark.rule("FREE-03")
@pytest.mark.rule("FREE-10")
def test_softphones_hear_why_nobody_takes_their_calls(room: Room, voice: Voice) -> None:
    """Three at once: off hours twice with the number, no mobiles, not from this area."""
    okinawa = {"level": "prefecture", "name": "沖縄県"}
    away = {"name": "南", "areas": [okinawa], "line": EAST.number}
    off_hours = {"line": EAST.number, "off_hours": always(True)}
    wanted = {
        "0120000110": setup(off_hours, options=["off-hours"]),
        "0120000103": setup(EAST, mobile=False),
        "0120000102": setup(EAST, groups=[away]),
    }
    phones = [room.pjsua2(each, 700 + 300 * at) for at, each in enumerate(lines.CROWD[63:66])]
    with ExitStack() as stack:
        for (number, each), phone in zip(wanted.items(), phones, strict=True):
            stack.enter_context(contracted(room.carrier, number, each))
            phone.dial(number)
        closed, mobile, area = (ear_of(phone, voice) for phone in phones)
        mobile.hears(Prompt.FREEPHONE_NOT_MOBILE)
        area.hears(Prompt.FREEPHONE_NOT_THIS_AREA)
        closed.hears_number(Prompt.FREEPHONE_OFF_HOURS, "0120000110")
        closed.hears(Prompt.FREEPHONE_OFF_HOURS, "0120000110")
        assert [phone.call.wait_ended() for phone in phones] == [480, 403, 403]
        assert all("CONFIRMED" not in phone.call.states for phone in phones)
