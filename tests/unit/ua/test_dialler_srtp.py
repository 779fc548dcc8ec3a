"""Parties that are rung over TLS: SRTP alone is offered first, and less to who refuses that."""

import pytest

from ivr.call.party import Ring
from ivr.ua.sound import Srtp
from tests.support.text_phone import OFFER, Act, TextPhone
from tests.support.virtual_exchange import VirtualExchange, pass_, play
from tests.support.wire import Message

pytestmark = pytest.mark.rule("CALL-01")

KEY = f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{'A' * 40}\r\n"
SECURE = OFFER.replace("RTP/AVP", "RTP/SAVP") + KEY
ALONE, BESIDE, PLAIN = "RTP/SAVP with a key", "RTP/AVP with a key", "RTP/AVP"


def kind(invite: Message) -> str:
    """What an INVITE offers."""
    proto = "RTP/SAVP" if b"RTP/SAVP" in invite.body else "RTP/AVP"
    return f"{proto} with a key" if b"a=crypto:1 AES_CM_128" in invite.body else proto


def each_invite(phone: TextPhone, secure: Act, plain: Act) -> None:
    """Take one step at an offer of SRTP alone, another at any other."""
    phone.acts["INVITE"] = lambda invite: (secure if kind(invite) == ALONE else plain)(invite)


def offered(phone: TextPhone) -> list[str]:
    return [kind(invite) for invite in phone.requests("INVITE")]


def test_a_phone_with_srtp_is_offered_nothing_else() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone(transport="TLS")
        phone.invites(phone.rings(), phone.answers(SECURE))
        caller = exchange.caller()
        await pass_()
        assert offered(phone) == [ALONE]
        far = exchange.rung[0].far
        assert far is not None
        caller.hang_up()
        await pass_()

    assert len(play(scene, srtp=Srtp.ALLOWED).records.all) == 2


@pytest.mark.parametrize("status", [406, 415, 488, 606])
def test_a_phone_without_is_asked_again(status: int) -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone(transport="TLS")
        each_invite(phone, phone.refuses(status), phone.answers())
        caller = exchange.caller()
        await pass_()
        assert offered(phone) == [ALONE, BESIDE]
        caller.hang_up()
        await pass_()

    exchange = play(scene, srtp=Srtp.ALLOWED)
    assert [rung.outcome for rung in exchange.rung] == [Ring.ANSWERED]
    assert exchange.causes() == [(1, "hung-up", 200), (2, "far-hung-up", 200)]


def test_who_refuses_both_is_not_asked_a_third_time() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone(transport="TLS")
        each_invite(phone, phone.refuses(488), phone.refuses(488))
        exchange.caller()
        await pass_()
        assert offered(phone) == [ALONE, BESIDE]

    exchange = play(scene, srtp=Srtp.ALLOWED)
    assert [rung.outcome for rung in exchange.rung] == [Ring.INCOMPATIBLE]


def test_who_is_busy_is_not_asked_again() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone(transport="TLS")
        phone.acts["INVITE"] = phone.refuses(486)
        exchange.caller()
        await pass_()
        assert offered(phone) == [ALONE]

    assert [rung.outcome for rung in play(scene, srtp=Srtp.ALLOWED).rung] == [Ring.BUSY]


def test_an_answer_without_key_is_no_answer() -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone(transport="TLS")
        phone.invites(phone.answers())
        exchange.caller()
        await pass_()
        assert len(phone.requests("BYE")) == 1

    play(scene, srtp=Srtp.ALLOWED)


@pytest.mark.parametrize(
    ("srtp", "transport"), [(Srtp.OFF, "TLS"), (Srtp.ALLOWED, "UDP"), (Srtp.ALLOWED, "TCP")]
)
def test_no_key_is_offered_where_it_would_be_read(srtp: Srtp, transport: str) -> None:
    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone(transport=transport)
        phone.invites(phone.answers())
        caller = exchange.caller()
        await pass_()
        assert offered(phone) == [PLAIN]
        caller.hang_up()
        await pass_()

    play(scene, srtp=srtp)
