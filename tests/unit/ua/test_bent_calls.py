"""Requests and answers that are bent in one place: the carrier bears them, and leaks nothing."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from ivr.call.party import Target
from provisioning.contract import Trunk, TrunkClass, TrunkLogin
from tests.support.abuse import bent
from tests.support.text_phone import CARRIER, OFFER, TextCaller, TextPhone
from tests.support.virtual_exchange import VirtualExchange, pass_, play
from tests.support.wire import Message

pytestmark = pytest.mark.rule("CALL-01")

METHODS = (
    "INVITE", "UPDATE", "INFO", "REFER", "PRACK", "BYE", "MESSAGE", "OPTIONS", "SUBSCRIBE",
    "NOTIFY", "ACK", "CANCEL",
)  # fmt: skip
PARTS = f"--b\r\nContent-Type: application/sdp\r\n\r\n{OFFER}\r\n--b--\r\n"
BODIES = (
    ("application/sdp", OFFER),
    ("application/sdp", OFFER.replace("t=0 0", "t=0 0\r\na=sendonly")),
    ("application/sdp", ""),
    ("multipart/mixed;boundary=b", PARTS),
    ("application/dtmf-relay", "Signal=5\r\n"),
)
FURTHER = ("Refer-To: <sip:09000000002@x>", "Session-Expires: 90", "Require: timer", "RAck: 1 1 X")


def request(dice: random.Random, of: Sequence[str], number: int) -> bytes:
    """A request of a party to a call: `of` are its From, To and Call-ID, and where it is."""
    sender, to, call_id, host = of
    method, (kind, body) = dice.choice(METHODS), dice.choice(BODIES)
    lines = (
        f"{method} sip:{CARRIER[0]}:{CARRIER[1]} SIP/2.0",
        f"Via: SIP/2.0/UDP {host};branch=z9hG4bK{number};rport",
        f"From: {sender}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {number} {method}",
        f"Contact: <sip:{host}>",
        "Max-Forwards: 70",
        dice.choice(FURTHER),
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        "",
        body,
    )
    return "\r\n".join(lines).encode()


def address(phone: TextPhone) -> str:
    return f"{phone.address[0]}:{phone.address[1]}"


def parties(caller: TextCaller, phone: TextPhone) -> list[tuple[TextPhone, tuple[str, ...]]]:
    """Both, and what their requests say of the call."""
    answer = next(m for m in caller.got if m.status == 200 and m.method == "INVITE")
    invite = phone.requests("INVITE")[-1]
    theirs = (f"{invite.get('To')};tag={phone.tag}", invite.get("From"), invite.get("Call-ID"))
    own = (answer.get("From"), answer.get("To"), caller.call_id)
    return [(caller, (*own, address(caller))), (phone, (*theirs, address(phone)))]


@pytest.mark.parametrize("seed", range(8))
def test_a_call_bears_what_is_bent(seed: int) -> None:
    """`play` sees that there is no fault, and that no call, port, dialog or task is left."""
    dice = random.Random(seed)

    async def scene(exchange: VirtualExchange) -> None:
        phone = exchange.phone()
        phone.invites(phone.answers())
        caller = exchange.caller()
        caller.acts["BYE"] = caller.ok
        await pass_()
        both = parties(caller, phone)
        for party in (caller, phone):  # whatever bent answers they get: they hear nothing more
            party.take = lambda message: None  # type: ignore[method-assign]
        for number in range(100, 160):
            sender, of = dice.choice(both)
            data = request(dice, of, number)
            exchange.received(bent(dice, data) if dice.random() < 0.8 else data, sender._flow)
            await pass_(dice.choice((0.0, 0.05)))
        caller.hang_up()
        await pass_(40)

    assert len(play(scene).records.all) >= 2


STATUSES = (100, 180, 183, 199, 200, 200, 302, 401, 407, 415, 422, 480, 486, 487, 488, 503, 603)
TOLD = (
    "Contact: <sip:+15551234567@evil.example>",
    'Proxy-Authenticate: Digest realm="x", nonce="n", stale=true, algorithm=MD5',
    "Min-SE: 600",
    "Session-Expires: 90;refresher=uas",
    "Require: 100rel\r\nRSeq: 5",
    "Record-Route: <sip:192.0.2.77;lr>",
)


class Erratic(TextPhone):
    """A phone, or another carrier, that answers anything with anything, bent."""

    dice: random.Random

    def take(self, message: Message) -> None:
        if message.status is not None or message.method == "ACK":
            return
        for _ in range(self.dice.choice((1, 2, 4))):
            status = self.dice.choice(STATUSES) if message.method == "INVITE" else 200
            sdp = self.dice.choice((OFFER, "")) if message.method == "INVITE" else ""
            told = self.dice.sample(TOLD, self.dice.choice((0, 1, 2)))
            self.reply(message, status, sdp=sdp, extra=told)

    def send(self, lines: Sequence[str], body: str = "") -> None:
        whole = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()
        data = bent(self.dice, whole) if self.dice.random() < 0.5 else whole
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, self._exchange.received, data, self._flow)


@pytest.mark.parametrize("seed", range(8))
def test_a_call_bears_what_is_answered(seed: int) -> None:
    """`play` sees that nothing is left of any call, whatever became of it."""
    dice = random.Random(seed)

    async def scene(exchange: VirtualExchange) -> None:
        out = Trunk("out", TrunkClass.FIXED, ("192.0.2.101:5060",), login="us")
        exchange.trunks.put(out, None, TrunkLogin("us", "secret"))
        phone = Erratic(exchange, ("192.0.2.101", 5060), "UDP")
        phone.dice = dice
        exchange.target = Target("0312345678", trunk="out")
        for _ in range(6):
            exchange.caller()
            await pass_(dice.choice((0.1, 1.0, 5.0)))
        await exchange.agents.calls.drain(5.0)
        await pass_(70)

    play(scene)
