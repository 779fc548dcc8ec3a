"""Usage of a freephone number, counted from calls that phones made on the wire (FREE-12)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.interop import lines
from tests.interop.wired import registered
from tests.support.carrier import Carrier
from tests.support.open_phone import Ringing, give_up
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone, token

pytestmark = [pytest.mark.interop, pytest.mark.rule("FREE-12")]

LINE, CALLER = lines.CROWD[66], lines.CROWD[67]
NUMBER = "0120000112"
PATH = f"/v1/freephones/{NUMBER}"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
CLOSED = {"days": {day: [{"begins": "00:00", "ends": "24:00", "value": True}] for day in DAYS}}


def setup(level: str = "nation", name: str = "", **received: Any) -> dict[str, Any]:
    """All callers of an area reach the line, without guidance."""
    area = {"level": level, "name": name}
    group = {"name": "all", "areas": [area], "line": LINE.number}
    reception = {"line": LINE.number, "channels": 2, **received}
    return {
        "groups": [group],
        "receptions": [reception],
        "options": ["off-hours"],
        "guidance": False,
    }


@pytest.fixture
def number(carrier: Carrier) -> Iterator[str]:
    """The demo's contract has the number meanwhile."""
    body = {"number": NUMBER, "contract": "K00000001", "setup": setup()}
    carrier.send("POST", "/v1/freephones", body)
    yield NUMBER
    carrier.send("DELETE", PATH)


@pytest.fixture
def caller(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, CALLER.number, CALLER.password) as phone:
        yield phone


@pytest.fixture
def called(carrier: Carrier) -> Iterator[WirePhone]:
    with registered(carrier, LINE) as phone:
        yield phone


@contextmanager
def dialled(caller: WirePhone) -> Iterator[tuple[WireCall, str]]:
    """A call to the number, and the branch of its INVITE."""
    with WireCall(caller, NUMBER) as call:
        branch = token("z9hG4bK")
        caller.send(call.invite(branch))
        yield call, branch


def hung_up_while_told(caller: WirePhone) -> None:
    """The caller hears why not as early media, and does not wait for the end of it."""
    with dialled(caller) as (call, branch):
        assert caller.expect(183, method="INVITE").body
        caller.send(call.text("CANCEL", call.cseq, branch=branch))
        assert call.wait_final(branch).status == 487


def answered(caller: WirePhone, called: WirePhone) -> None:
    with dialled(caller) as (call, branch), Ringing(called) as ringing:
        ringing.accept()
        assert call.wait_final(branch).status == 200
        call.bye()
        called.answer(called.expect_request("BYE"))


def busy(caller: WirePhone, called: WirePhone) -> None:
    with dialled(caller) as (call, branch), Ringing(called) as ringing:
        ringing.respond("486 Busy Here")
        called.expect_request("ACK")
        assert caller.expect(183, method="INVITE").body
        caller.send(call.text("CANCEL", call.cseq, branch=branch))
        assert call.wait_final(branch).status == 487


def given_up(caller: WirePhone, called: WirePhone) -> None:
    with dialled(caller) as (call, branch), Ringing(called) as ringing:
        ringing.respond("180 Ringing")
        assert give_up(call, branch, ringing).status == 487


def counted(carrier: Carrier, calls: int) -> Callable[[], dict[str, dict[str, int]]]:
    """The counts by number, once there are so many calls."""

    def rows() -> dict[str, dict[str, int]]:
        found = carrier.get(f"{PATH}/usage?by=number")["items"]
        fates = {
            row["number"]: {k: n for k, n in row.items() if isinstance(n, int) and n}
            for row in found
        }
        return fates if sum(each.get("calls", 0) for each in fates.values()) == calls else {}

    return rows


def test_each_call_counts_once_for_what_became_of_it(
    carrier: Carrier, number: str, caller: WirePhone, called: WirePhone
) -> None:
    for happens in (answered, busy, given_up, given_up):
        happens(caller, called)
    carrier.send("PUT", PATH, {"setup": setup(off_hours=CLOSED)})
    hung_up_while_told(caller)
    carrier.send("PUT", PATH, {"setup": setup("prefecture", "沖縄県")})
    hung_up_while_told(caller)
    assert until(counted(carrier, 6), "the records of the calls") == {
        LINE.number: {"calls": 5, "answered": 1, "busy": 1, "no_answer": 2, "off_hours": 1},
        number: {"calls": 1, "refused": 1},
    }
