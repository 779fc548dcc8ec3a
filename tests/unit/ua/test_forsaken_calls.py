"""Calls whose phones do not do their part any more are ended; nobody else would end them."""

import pytest

from tests.support.text_phone import CARRIER, OFFER, USER, TextCaller, TextPhone
from tests.support.virtual_exchange import VirtualExchange, pass_, play


class LateCaller(TextCaller):
    """Leaves the offer to the carrier, and puts `late` into its ACK."""

    def __init__(self, exchange: VirtualExchange, late: str) -> None:
        super().__init__(exchange)
        self.acts["BYE"] = self.ok
        self.late = late
        self.say("INVITE", 1, f"<sip:{USER}@{CARRIER[0]}>")

    def say(self, method: str, number: int, to: str, body: str = "") -> None:
        super().say(method, number, to, self.late if method == "ACK" else body)


def ends(exchange: VirtualExchange) -> list[tuple[int, str]]:
    return [(leg, cause) for leg, cause, _ in exchange.causes()]


@pytest.mark.rule("CALL-01")
def test_who_leaves_our_offer_unanswered_is_hung_up_on_at_once() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone()
        phone.invites(phone.answers())
        caller = LateCaller(exchange, "")
        await pass_(0.5)
        assert next(m for m in caller.got if m.status == 200).body
        assert caller.one("BYE").get("Reason").startswith("SIP;cause=488")
        phone.one("BYE")

    assert ends(play(scene)) == [(1, "not-acceptable"), (2, "far-hung-up")]


@pytest.mark.rule("CALL-01")
def test_who_answers_our_offer_in_the_ack_talks_on() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone()
        phone.invites(phone.answers())
        caller = LateCaller(exchange, OFFER)
        await pass_(5)
        assert caller.requests("BYE") == []
        caller.hang_up()
        await pass_()
        phone.one("BYE")

    assert ends(play(scene)) == [(1, "hung-up"), (2, "far-hung-up")]


def call_that_is_held(exchange: VirtualExchange) -> tuple[TextCaller, TextPhone]:
    """Whoever is called holds: nobody sends anything, and no session timer runs."""
    phone = exchange.phone()
    phone.invites(phone.answers(OFFER + "a=inactive\r\n"))
    caller = exchange.caller()
    for each in (phone, caller):
        each.acts["OPTIONS"] = each.ok
        each.acts["BYE"] = each.ok
    return caller, phone


@pytest.mark.rule("CALL-02")
def test_a_held_call_whose_phones_live_is_asked_now_and_then_and_goes_on() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        caller, phone = call_that_is_held(exchange)
        await pass_(85)
        assert caller.requests("OPTIONS") == phone.requests("OPTIONS") == []
        await pass_(915)
        assert len(caller.requests("OPTIONS")) == len(phone.requests("OPTIONS")) == 11
        assert caller.requests("BYE") == phone.requests("BYE") == []
        caller.hang_up()
        await pass_()

    assert ends(play(scene)) == [(1, "hung-up"), (2, "far-hung-up")]


@pytest.mark.rule("CALL-02")
def test_a_held_call_whose_phones_have_vanished_ends() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        caller, phone = call_that_is_held(exchange)
        await pass_(5)
        caller.gone()
        phone.gone()
        await pass_(90 + 32 + 5)
        assert exchange.records.live() == []

    assert [cause for _, cause in ends(play(scene))] == ["unreachable", "unreachable"]


@pytest.mark.rule("CALL-02")
@pytest.mark.parametrize("status", [408, 481])
def test_a_held_call_that_a_phone_has_forgotten_ends(status: int) -> None:
    async def scene(exchange: VirtualExchange) -> None:
        caller, phone = call_that_is_held(exchange)
        caller.acts["OPTIONS"] = caller.refuses(status)
        await pass_(92)
        phone.one("BYE")

    assert ends(play(scene))[0] == (1, "unreachable")
