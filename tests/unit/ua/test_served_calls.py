"""Whole calls on virtual time: flows above the real user agents, and phones of plain text."""

import pytest

from ivr.call.limits import CallLimits
from ivr.flows.incoming import Incoming, Office
from ivr.flows.registry import Services
from ivr.ua.leg import InboundLeg
from provisioning.contract import Diversion, Diversions, Line
from provisioning.profiles.store import ProfileFiles
from tests.support.diversions import unanswered
from tests.support.fake_mailboxes import InMemoryMailboxes
from tests.support.fakes import InMemoryDirectory, InMemoryForwarding, InMemoryPresentation
from tests.support.scripted_call import AU, EventLog, SpelledVoices
from tests.support.scripted_leg import account_of
from tests.support.text_phone import OFFER, USER, TextPhone
from tests.support.virtual_exchange import ACCOUNT, LINE, VirtualExchange, pass_, play

NEXT = account_of(AU.number)
"""The account of the line that calls are forwarded to."""


def serve_lines(
    exchange: VirtualExchange, forwarding: dict[Line, Diversions] | None = None
) -> None:
    """Serve callers as the carrier does; LINE and AU are lines of its network."""
    lines = (LINE, AU)
    settings = InMemoryForwarding(lines)
    settings.rows.update({line.number: set_ for line, set_ in (forwarding or {}).items()})
    office = Office(
        InMemoryDirectory(lines, (ACCOUNT, NEXT)),
        ProfileFiles.load(),
        Services(settings, InMemoryPresentation(), InMemoryMailboxes()),
        SpelledVoices(),
    )
    incoming = Incoming(office, CallLimits(busy_tone_s=2, talkie_times=1))

    async def serve(leg: InboundLeg) -> None:
        await incoming.serve(leg, EventLog())

    exchange.serve = serve


def told(phone: TextPhone) -> list[int]:
    """The statuses a caller got, each once, but 100."""
    statuses = [message.status for message in phone.got if message.status]
    return [status for status in dict.fromkeys(statuses) if status != 100]


@pytest.mark.rule("CALL-01")
def test_a_line_rings_answers_and_is_hung_up() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        serve_lines(exchange)
        phone = exchange.phone()
        phone.invites(phone.rings())
        caller = exchange.caller()
        await pass_(3)
        assert told(caller) == [180]
        phone.answers()(phone.one("INVITE"))
        await pass_(2)
        assert told(caller) == [180, 200]
        caller.hang_up()
        await pass_()
        phone.one("BYE")

    exchange = play(scene)
    assert exchange.causes() == [(1, "hung-up", 200), (2, "far-hung-up", 200)]


@pytest.mark.rule("CALL-01")
def test_a_caller_is_told_each_minute_that_it_rings() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        serve_lines(exchange)
        phone = exchange.phone()
        phone.invites(phone.rings())
        caller = exchange.caller()
        await pass_(119)
        assert [m.status for m in caller.got if m.status == 180] == [180, 180]
        await pass_(20)
        assert told(caller) == [180, 480]

    play(scene)


@pytest.mark.rule("CALL-01")
@pytest.mark.rule("CALL-03")
def test_a_busy_line_is_heard_before_its_486() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        serve_lines(exchange)
        phone = exchange.phone()
        phone.invites(phone.refuses(486))
        caller = exchange.caller()
        await pass_(1)
        assert told(caller) == [183]
        await pass_(2)
        assert told(caller) == [183, 486]

    exchange = play(scene)
    assert exchange.causes() == [(1, "refused", 486), (2, "busy", 486)]


@pytest.mark.rule("FWD-05")
@pytest.mark.rule("FWD-07")
@pytest.mark.rule("FWD-08")
def test_a_call_that_nobody_answers_goes_on_to_the_next_line() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        serve_lines(exchange, {LINE: unanswered(True, AU.number, 5)})
        first, second = exchange.phone(), exchange.phone(2, user=NEXT.user)
        first.invites(first.rings())
        second.invites(second.rings())
        caller = exchange.caller()
        await pass_(4.5)
        assert first.requests("CANCEL") == []
        await pass_(4.5)
        first.one("CANCEL")
        invite = second.one("INVITE")
        assert NEXT.user in invite.get("To")
        assert invite.get("Max-Forwards") == "69"
        assert USER in invite.get("Diversion")
        assert "no-answer" in invite.get("Diversion")
        assert "cause=408" in ",".join(invite.all("History-Info"))
        second.answers(OFFER)(invite)
        await pass_(2)
        assert told(caller)[-1] == 200
        second.bye(invite)
        await pass_()
        caller.one("BYE")

    exchange = play(scene)
    caller, unanswered_, forwarded = sorted(exchange.records.all, key=lambda r: r.leg)
    assert {r.linked_id for r in exchange.records.all} == {caller.call_id}
    assert (caller.payer, caller.service) == (None, "line")
    assert (unanswered_.line, unanswered_.payer) == (LINE.number, None)
    assert unanswered_.cause == "no-answer"
    assert (forwarded.line, forwarded.payer) == (LINE.number, LINE.number)
    assert forwarded.service == "forwarding"
    assert forwarded.answered_at is not None


@pytest.mark.rule("FWD-06")
def test_a_circle_ends_with_482_and_no_phone_rings() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        circle = {
            LINE: unanswered(True, AU.number, 0),
            AU: Diversions(always=Diversion(True, LINE.number)),
        }
        serve_lines(exchange, circle)
        phones = [exchange.phone(), exchange.phone(2, user=NEXT.user)]
        caller = exchange.caller()
        await pass_(9)
        assert told(caller) == [183, 482]
        assert not any(phone.requests("INVITE") for phone in phones)

    exchange = play(scene)
    assert exchange.causes() == [(leg, "refused", 482) for leg in (1, 2, 3)]


@pytest.mark.rule("FWD-08")
def test_a_caller_who_gives_up_during_the_notice_rings_nobody_more() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        serve_lines(exchange, {LINE: unanswered(True, AU.number, 0)})
        second = exchange.phone(2, user=NEXT.user)
        caller = exchange.caller()
        await pass_(1)
        assert told(caller) == [183]
        caller.give_up()
        await pass_(9)
        assert second.got == []

    exchange = play(scene)
    assert exchange.causes() == [(1, "cancelled", 487)]
