"""Calls whose phones do not do their part any more are ended; nobody else would end them."""

import pytest

from tests.support.text_phone import CARRIER, OFFER, USER, TextCaller
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
