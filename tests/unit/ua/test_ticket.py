"""Tickets: every leg leaves one record that says whose it was, when, and why it ended (BILL-01)."""

import re

import pytest

from ivr.call.outcome import Outcome
from ivr.sip import q850
from ivr.sip.events import EndCause
from ivr.ua import ticket as ticket_module
from ivr.ua.causes import OF_SESSION, Cause, cause_number
from ivr.ua.ticket import Ticket, Tickets
from provisioning.contract import E164, Access, Account, CallRecord, StorageUnavailable
from tests.support.fake_records import InMemoryRecords, ToldEvents

pytestmark = pytest.mark.rule("BILL-01")

LINE = E164("+819000000001")
ACCOUNT = Account("09000000001", LINE, Access.LINK, {})
WALL, BUSINESS = 1_800_000_000.0, 1_900_000_000.0


class Time:
    """Monotonic, wall and business time, each moved by hand."""

    def __init__(self) -> None:
        self.monotonic, self.wall, self.business = 50.0, WALL, BUSINESS

    def pass_(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds
        self.business += seconds


class Desk:
    """Tickets over memory."""

    def __init__(self, time: Time) -> None:
        self.records, self.events = InMemoryRecords(), ToldEvents()
        clocks = lambda: (time.wall, time.business)  # noqa: E731 - two clocks at once
        self.tickets = Tickets(self.records, self.events, clocks)

    def call(self, called: str = "1429") -> Ticket:
        return self.tickets.caller(ACCOUNT, called, "a84b4c76e66710@phone")


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(ticket_module, "monotonic", lambda: time.monotonic)
    return time


@pytest.fixture
async def desk(time: Time) -> Desk:
    return Desk(time)


async def test_the_record_of_an_answered_call(desk: Desk, time: Time) -> None:
    ticket = desk.call("1841429")
    ticket.routed("forwarding-menu", "1429", "184", withheld=True)
    time.pass_(2)
    ticket.answered()
    time.pass_(8.5)
    ticket.close(Cause.HUNG_UP, 487)
    record = desk.records.only()
    assert record == CallRecord(
        call_id=record.call_id,
        leg=1,
        linked_id=record.call_id,
        sip_call_id="a84b4c76e66710@phone",
        calling=LINE,
        called="1841429",
        destination="1429",
        presented=None,
        prefix="184",
        line=LINE,
        access=Access.LINK,
        service="forwarding-menu",
        payer=LINE,
        started_at=WALL,
        answered_at=WALL + 2,
        ended_at=WALL + 10.5,
        business_started_at=BUSINESS,
        business_answered_at=BUSINESS + 2,
        business_ended_at=BUSINESS + 10.5,
        seconds=8.5,
        cause="hung-up",
        sip_status=200,
        q850=16,
    )


async def test_a_leap_of_the_wall_clock_lengthens_no_call(desk: Desk, time: Time) -> None:
    ticket = desk.call()
    ticket.answered()
    time.pass_(10)
    time.wall += 3 * 3600
    ticket.close(Cause.HUNG_UP)
    record = desk.records.only()
    assert (record.seconds, record.ended_at) == (10, WALL + 10)


async def test_it_is_closed_once(desk: Desk, time: Time) -> None:
    ticket = desk.call()
    ticket.close(Cause.CANCELLED, 487)
    time.pass_(1)
    ticket.close(Cause.FAILED, 500)
    assert desk.records.only().cause == "cancelled"
    assert desk.events.kinds().count("call.ended") == 1


async def test_the_end_is_when_the_leg_ended_not_when_its_flow_did(desk: Desk, time: Time) -> None:
    ticket = desk.call()
    ticket.answered()
    time.pass_(5)
    ticket.ended()
    time.pass_(3)
    ticket.close(Outcome.COMPLETED)
    assert desk.records.only().seconds == 5


async def test_an_answer_that_never_went_out_is_none(desk: Desk) -> None:
    ticket = desk.call()
    ticket.answered()
    ticket.void_answer()
    ticket.close(*OF_SESSION[EndCause.NO_PRACK])
    record = desk.records.only()
    assert (record.answered_at, record.business_answered_at, record.seconds) == (None, None, 0)
    assert (record.sip_status, record.q850) == (504, 102)


async def test_a_live_call_shows_how_it_stands(desk: Desk, time: Time) -> None:
    ticket = desk.call()
    (live,) = desk.records.live()
    assert (live.state, live.service, live.prompts) == ("trying", "", ())
    ticket.routed("talkie", "+81312345678")
    time.pass_(1)
    for number in range(60):
        ticket.heard(f"prompt-{number}")
    (live,) = desk.records.live()
    assert (live.state, live.since, live.service) == ("early", WALL + 1, "talkie")
    assert live.prompts[0] == "prompt-10"
    assert len(live.prompts) == 50
    time.pass_(1)
    ticket.answered()
    (live,) = desk.records.live()
    assert (live.state, live.since) == ("confirmed", WALL + 2)
    ticket.close(Cause.HUNG_UP)
    assert desk.records.live() == []


async def test_everything_is_told_as_it_happens(desk: Desk) -> None:
    ticket = desk.call()
    ticket.routed("keys-test", "000003")
    ticket.answered()
    ticket.answered()
    ticket.heard("test.keys")
    ticket.keyed("5")
    ticket.close(Cause.HUNG_UP)
    assert desk.events.kinds() == [
        "call.received",
        "call.routed",
        "call.answered",
        "prompt.started",
        "key.pressed",
        "call.ended",
    ]
    assert {facts["call_id"] for _, facts in desk.events.told} == {ticket.call_id}


async def test_two_legs_share_a_call_and_each_has_its_record(desk: Desk) -> None:
    first = desk.call("09000000002")
    first.routed("line", "+819000000002")
    other = Account("09000000002", E164("+819000000002"), Access.OS, {})
    second = desk.tickets.beside(first, other, "09000000002", "other@carrier")
    assert len(desk.records.live()) == 2
    second.answered()
    first.answered()
    second.close(Cause.HUNG_UP)
    first.close(Cause.FAR_HUNG_UP)
    one, two = sorted(desk.records.all, key=lambda record: record.leg)
    assert (one.call_id, one.linked_id) == (two.call_id, two.linked_id)
    assert (one.calling, one.payer, one.line) == (LINE, LINE, LINE)
    assert (two.calling, two.payer, two.line) == (LINE, None, other.line)


@pytest.mark.rule("FWD-07")
async def test_a_forwarding_that_was_forwarded_on_has_its_own_record(desk: Desk) -> None:
    first = desk.call("09000000002")
    forwarder, to = E164("+819000000002"), E164("+81300000003")
    between = first.passed_on(forwarder, to)
    between.answered()
    between.close(Cause.FAR_HUNG_UP)
    first.close(Cause.HUNG_UP)
    record = next(record for record in desk.records.all if record.leg == 2)
    assert record.linked_id == first.linked_id
    assert (record.line, record.payer, record.service) == (forwarder, forwarder, "forwarding")
    assert (record.called, record.destination) == ("0300000003", to)
    assert (record.calling, record.access, record.sip_status) == (LINE, None, 200)


@pytest.mark.rule("CALL-02")
@pytest.mark.parametrize(("silent_s", "seconds"), [(60, 40), (300, 0)])
async def test_a_call_that_fell_silent_ended_with_its_last_sound(
    desk: Desk, time: Time, silent_s: float, seconds: float
) -> None:
    ticket = desk.call()
    time.pass_(3)
    ticket.answered()
    time.pass_(100)
    ticket.ended(ago_s=silent_s)
    ticket.close(Cause.NO_MEDIA)
    record = desk.records.only()
    assert (record.seconds, record.ended_at) == (seconds, WALL + 3 + seconds)


@pytest.mark.rule("CALL-02")
async def test_a_live_leg_says_when_its_media_ended(desk: Desk, time: Time) -> None:
    ticket = desk.call()
    ticket.answered()
    assert ticket.record().ended_at == WALL
    time.pass_(20)
    ticket.heard_until(6.0)
    time.pass_(1)
    ticket.heard_until(7.0)
    assert ticket.record().ended_at == WALL + 14
    ticket.heard_until(None)
    assert ticket.record().ended_at == WALL
    ticket.close(Cause.HUNG_UP)
    ticket.heard_until(6.0)
    assert desk.records.live() == []
    assert desk.records.only().seconds == 21


async def test_a_charged_service_s_leg_is_secured(desk: Desk) -> None:
    ticket = desk.call()
    await ticket.secure()
    assert desk.records.secured == [(ticket.call_id, 1)]
    desk.records.away = StorageUnavailable("the journal cannot be written")
    with pytest.raises(StorageUnavailable):
        await ticket.secure()


async def test_ids_are_uuids_of_their_own(desk: Desk) -> None:
    ids = {desk.call().call_id for _ in range(200)}
    assert len(ids) == 200
    shape = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(shape.fullmatch(each) for each in ids)


def test_every_outcome_is_a_cause() -> None:
    assert {outcome.value for outcome in Outcome} <= {cause.value for cause in Cause}


def test_every_end_of_a_session_has_its_cause() -> None:
    assert set(OF_SESSION) == set(EndCause) - {EndCause.LOCAL}


@pytest.mark.parametrize(
    ("cause", "status", "answered", "number"),
    [
        (Cause.HUNG_UP, None, True, q850.NORMAL_CLEARING),
        (Cause.NO_MEDIA, None, True, q850.TIMER_EXPIRED),
        (Cause.REFUSED, 404, False, 1),
        (Cause.TOO_MANY, 486, False, q850.USER_BUSY),
        (Cause.CANCELLED, 487, False, q850.NORMAL_CLEARING),
        (Cause.REFUSED, 499, False, q850.UNSPECIFIED),
        (Cause.FAILED, None, False, None),
    ],
)
def test_isdn_s_number_of_an_end(
    cause: Cause, status: int | None, answered: bool, number: int | None
) -> None:
    assert cause_number(cause, status, answered=answered) == number


def test_a_success_is_cleared_normally() -> None:
    assert q850.cause_of(200) == q850.NORMAL_CLEARING
