"""Phones and callers of plain text on virtual time: they do exactly what a test says."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ivr.sip.events import Flow
from tests.support.wire import Message

Address = tuple[str, int]
Act = Callable[[Message], None]

CARRIER: Address = ("192.0.2.1", 5060)
CALLERS = "192.0.2.9"
DELAY_S = 0.01
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
)
USER = "09000000002"


class Ether(Protocol):
    """What phones are connected by."""

    numbers: Iterator[int]
    phones: "dict[Address, TextPhone]"

    def received(self, data: bytes, flow: Flow) -> None:
        """Give a message to the carrier."""
        ...


class TextPhone:
    """A phone at an address; what it does with a request of a method is the test's to say.

    `home` is the address it knows itself by, another one behind a NAT.
    """

    def __init__(self, exchange: Ether, address: Address, transport: str) -> None:
        self.address = self.home = address
        self.got: list[Message] = []
        self.acts: dict[str, Act] = {"BYE": self.ok, "CANCEL": self.cancelled}
        self.tag = f"p{next(exchange.numbers)}"
        self._exchange = exchange
        self._flow = Flow(transport, CARRIER, address)
        exchange.phones[address] = self

    def take(self, message: Message) -> None:
        self.got.append(message)
        act = self.acts.get(message.method)
        if message.status is None and act is not None:
            act(message)

    def requests(self, method: str) -> list[Message]:
        """What came, copies included."""
        return [m for m in self.got if m.status is None and m.method == method]

    def one(self, method: str) -> Message:
        """The only request of a method."""
        (message,) = self.requests(method)
        return message

    def gone(self) -> None:
        """Vanish: nothing is heard of it any more."""
        del self._exchange.phones[self.address]

    def send(self, lines: Sequence[str], body: str = "") -> None:
        text = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])
        asyncio.get_running_loop().call_later(
            DELAY_S, self._exchange.received, text.encode(), self._flow
        )

    def reply(
        self,
        request: Message,
        status: int,
        *,
        sdp: str = "",
        contact: bool = True,
        tag: str | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        """Answer a request of the carrier's."""
        lines = [f"SIP/2.0 {status} Whatever"]
        for name in ("Via", "From", "Call-ID", "CSeq"):
            lines += [f"{name}: {value}" for value in request.all(name)]
        has_tag = ";tag=" in request.get("To") or status == 100
        lines.append(f"To: {request.get('To')}" + ("" if has_tag else f";tag={tag or self.tag}"))
        if contact:
            lines.append(f"Contact: <sip:phone@{self.home[0]}:{self.home[1]}>")
        if sdp:
            lines.append("Content-Type: application/sdp")
        self.send([*lines, *extra], sdp)

    def ok(self, request: Message) -> None:
        self.reply(request, 200, contact=False)

    def cancelled(self, cancel: Message) -> None:
        """Obey a CANCEL."""
        self.ok(cancel)
        self.reply(self.requests("INVITE")[-1], 487, contact=False)

    def invites(self, *steps: Callable[[Message], None]) -> None:
        """Take these steps at the first INVITE; copies of it are ignored."""

        def act(invite: Message) -> None:
            if len(self.requests("INVITE")) == 1:
                for step in steps:
                    step(invite)

        self.acts["INVITE"] = act

    def answers(self, sdp: str = OFFER, tag: str | None = None) -> Act:
        """The step of answering."""
        return lambda invite: self.reply(invite, 200, sdp=sdp, tag=tag)

    def rings(self, status: int = 180, sdp: str = "", tag: str | None = None) -> Act:
        """The step of a provisional response."""
        return lambda invite: self.reply(invite, status, sdp=sdp, tag=tag)

    def refuses(self, status: int) -> Act:
        """The step of a final refusal."""
        return lambda invite: self.reply(invite, status, contact=False)

    def bye(self, invite: Message) -> None:
        """Hang up the call that an INVITE of the carrier's began."""
        self.request("BYE", invite)

    def request(
        self, method: str, invite: Message, extra: Sequence[str] = (), body: str = ""
    ) -> None:
        """A request within the dialog of an INVITE of the carrier's."""
        number = next(self._exchange.numbers)
        sent_by = f"{self.address[0]}:{self.address[1]}"
        self.send(
            [
                f"{method} sip:{CARRIER[0]}:{CARRIER[1]} SIP/2.0",
                f"Via: SIP/2.0/UDP {sent_by};branch=z9hG4bK{number};rport",
                f"From: {invite.get('To')};tag={self.tag}",
                f"To: {invite.get('From')}",
                f"Call-ID: {invite.get('Call-ID')}",
                f"CSeq: {number} {method}",
                "Max-Forwards: 70",
                *extra,
            ],
            body,
        )


class TextCaller(TextPhone):
    """Calls in from another carrier, which needs no password."""

    def __init__(self, exchange: Ether) -> None:
        number = next(exchange.numbers)
        super().__init__(exchange, (CALLERS, 6000 + number), "UDP")
        self.call_id = f"call{number}"
        self._answered: Message | None = None

    def take(self, message: Message) -> None:
        super().take(message)
        if message.status == 200 and message.method == "INVITE":
            self._answered = message
            self.say("ACK", 1, message.get("To"))

    def dial(self, number: str = USER) -> None:
        """Send the INVITE."""
        self.say("INVITE", 1, f"<sip:{number}@{CARRIER[0]}>", OFFER)

    def give_up(self) -> None:
        """Send CANCEL."""
        self.say("CANCEL", 1, f"<sip:{USER}@{CARRIER[0]}>")

    def hang_up(self) -> None:
        """Send BYE."""
        assert self._answered is not None
        self.say("BYE", 2, self._answered.get("To"))

    def leave(self) -> None:
        """Hang up, or give up, whichever fits."""
        if self._answered is not None:
            self.hang_up()
        else:
            self.give_up()

    def say(self, method: str, number: int, to: str, body: str = "") -> None:
        branch = f"z9hG4bK{self.call_id}{'INVITE' if method == 'CANCEL' else method}"
        host, port = self.address
        lines = [
            f"{method} sip:{USER}@{CARRIER[0]} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};branch={branch};rport",
            f"From: <sip:0312345678@{host}>;tag={self.call_id}",
            f"To: {to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:{host}:{port}>",
            "Max-Forwards: 70",
        ]
        self.send([*lines, "Content-Type: application/sdp"] if body else lines, body)
