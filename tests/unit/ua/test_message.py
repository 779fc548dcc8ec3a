"""MESSAGE on a real socket: who may send what to whom, and what the sender is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import cast

import pytest

from ivr.sip.digest import authorize, ha1
from ivr.sip.events import Flow
from ivr.sip.message import Request, Response, parse
from ivr.sip.settings import EndpointSettings
from ivr.sip.timers import Timing
from ivr.ua.authentication import AuthenticationPolicy, Authenticator
from ivr.ua.callers import Callers
from ivr.ua.message import STATUS_OF, MessageDesk, MessagePolicy
from ivr.ua.message_delivery import Deliveries, Patience
from ivr.ua.ways import Way
from provisioning.contract import (
    E164,
    Account,
    KeptMessage,
    LineStatus,
    MessageState,
    Trunk,
    TrunkClass,
)
from provisioning.messages.model import Limits
from tests.support.fake_messages import InMemoryMessages
from tests.support.fakes import InMemoryDirectory
from tests.support.switchboard import (
    ACCOUNT,
    LINE,
    NUMBER,
    PASSWORD,
    USER,
    Switchboard,
    switchboard,
)
from tests.support.user_agents import REALM
from tests.support.waiting import until

SUSPENDED = replace(LINE, number=E164("+819000000006"), status=LineStatus.SUSPENDED)
SHY = replace(LINE, number=E164("+819000000007"), options=frozenset({"number-withheld"}))
POLICY = MessagePolicy(per_minute=5, per_minute_trunk=7, at_once_s=0.2)


def account(user: str, line: E164) -> Account:
    known = {name: ha1(user, REALM, PASSWORD, name) for name in ("SHA-256", "MD5")}
    return replace(ACCOUNT, user=user, line=line, ha1=known)


DIRECTORY = InMemoryDirectory(
    [LINE, SUSPENDED, SHY],
    [ACCOUNT, account("suspended", SUSPENDED.number), account("shy", SHY.number)],
)


@dataclass
class Desk:
    """The desk of a switchboard; `answer` is what the phone of every line says, None: no phone."""

    board: Switchboard
    store: InMemoryMessages
    deliveries: Deliveries
    desk: MessageDesk
    answer: int | None = None

    @property
    def kept(self) -> list[KeptMessage]:
        return list(self.store.rows.values())


def desk_of(board: Switchboard) -> Desk:
    store = InMemoryMessages([LINE.number, SHY.number], Limits(octets=100, per_line=3))

    async def ask(request: Request, flow: Flow) -> int:
        return made.answer or 503

    def reach(line: E164) -> list[Way]:
        flow = Flow("UDP", board.address, board.address)
        return [Way("sip:x@192.0.2.1", flow, "x")] if made.answer else []

    deliveries = Deliveries(ask, store, reach, board.host, Patience(), board.notes)
    authenticator = Authenticator(DIRECTORY, AuthenticationPolicy(REALM), board.notes, board.trunks)
    callers = Callers(authenticator, DIRECTORY, board.trunks)
    board.endpoint.challenge_with(callers.challenge)
    desk = MessageDesk(board.driver, callers, DIRECTORY, store, deliveries, POLICY, board.notes)
    store.watchers.append(deliveries.add)
    board.agent.serve("MESSAGE", desk.received, lambda event: None, "text/plain")
    made = Desk(board, store, deliveries, desk)
    return made


class Wire(asyncio.DatagramProtocol):
    """A socket that sends MESSAGEs and hears the answers."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[Response] = asyncio.Queue()
        self.count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = parse(data)
        if isinstance(message, Response):
            self.answers.put_nowait(message)

    async def send(
        self,
        to: str,
        body: bytes,
        *fields: str,
        call_id: str,
        cseq: int,
        kind: str = "text/plain",
        to_tag: str = "",
    ) -> Response:
        self.count += 1
        uri = f"sip:{to}@tokuban"
        lines = [
            f"MESSAGE {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK{id(self)}{self.count}",
            "From: <sip:someone@tokuban>;tag=1",
            f"To: <{uri}>{to_tag}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} MESSAGE",
            "Max-Forwards: 70",
            *([f"Content-Type: {kind}"] if kind else []),
            *fields,
            f"Content-Length: {len(body)}",
        ]
        data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self.transport.sendto(data)
        async with asyncio.timeout(30):
            while (answer := await self.answers.get()).status < 200:
                pass
            return answer

    async def message(
        self,
        to: str = USER,
        body: str | bytes = "hello",
        *fields: str,
        user: str = USER,
        call_id: str | None = None,
        kind: str = "text/plain",
    ) -> Response:
        """Ask, be challenged, ask again with credentials."""
        data = body.encode() if isinstance(body, str) else body
        own = call_id or f"{id(self)}.{self.count}"
        challenged = await self.send(to, data, *fields, call_id=own, cseq=1, kind=kind)
        assert challenged.status == 401
        value = authorize(
            challenged.headers.all("WWW-Authenticate"),
            user=user,
            password=PASSWORD,
            method="MESSAGE",
            uri=f"sip:{to}@tokuban",
            cnonce=str(self.count),
        )
        return await self.send(
            to, data, f"Authorization: {value}", *fields, call_id=own, cseq=2, kind=kind
        )


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    brief = Timing(t1_s=0.01, t2_s=0.1, t4_s=0.1)
    async with switchboard(settings=EndpointSettings(timing=brief)) as board:
        made = desk_of(board)
        yield made
        await made.deliveries.close()
        await made.desk.close()


@pytest.fixture
async def wire(desk: Desk) -> AsyncIterator[Wire]:
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_datagram_endpoint(Wire, remote_addr=desk.board.address)
    yield wire
    transport.close()


async def test_kept_for_a_phone_that_is_away_it_is_accepted(desk: Desk, wire: Wire) -> None:
    assert (await wire.message(body="今日は")).status == 202
    (kept,) = desk.kept
    assert (kept.to, kept.sender, kept.text) == (NUMBER, NUMBER, "今日は")
    assert not kept.withheld


@pytest.mark.parametrize(("answer", "status"), [(200, 200), (202, 200), (480, 202), (603, 603)])
async def test_the_sender_hears_what_the_phone_said(
    desk: Desk, wire: Wire, answer: int, status: int
) -> None:
    desk.answer = answer
    assert (await wire.message()).status == status


async def test_what_is_sent_again_after_a_lost_answer_is_the_same_message(
    desk: Desk, wire: Wire
) -> None:
    assert (await wire.message(call_id="same")).status == 202
    census = desk.board.endpoint.census
    await asyncio.to_thread(
        until, lambda: not census().server_transactions, "the transaction's end"
    )
    assert (await wire.message(call_id="same")).status == 202
    assert len(desk.kept) == 1
    assert (await wire.message(call_id="other")).status == 202
    assert len(desk.kept) == 2


@pytest.mark.rule("LINE-04")
@pytest.mark.parametrize(
    ("to", "status"),
    [
        ("0312345678", 404),
        ("1429", 404),
        ("110", 404),
        ("0120000003", 404),
        ("%2B12125551234", 404),
        ("nobody", 404),
        ("09000000006", 403),
    ],
)
async def test_only_lines_in_service_have_messages(
    desk: Desk, wire: Wire, to: str, status: int
) -> None:
    assert (await wire.message(to)).status == status
    assert not desk.kept


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("<b>hello</b>", "text/html", 415),
        ("hello", "", 415),
        ("hello", "text/plain;charset=iso-2022-jp", 415),
        (b"\xff\xfe", "text/plain", 400),
        ("", "text/plain", 400),
        ("a" * 101, "text/plain", 413),
        ("hello", 'text/plain;charset="UTF-8"', 202),
        ("hello", "text/plain;charset=us-ascii;format=flowed", 202),
        ("a" * 100, "text/plain", 202),
    ],
)
async def test_what_a_message_may_hold(
    desk: Desk, wire: Wire, body: str | bytes, kind: str, status: int
) -> None:
    answer = await wire.message(body=body, kind=kind)
    assert answer.status == status
    assert len(desk.kept) == (status == 202)
    assert answer.headers.get("Accept") == ("text/plain" if status == 415 else None)


async def test_a_suspended_line_sends_nothing(desk: Desk, wire: Wire) -> None:
    assert (await wire.message(user="suspended")).status == 403
    assert not desk.kept


@pytest.mark.rule("CALL-04")
@pytest.mark.parametrize(
    ("user", "to", "fields", "withheld"),
    [
        (USER, USER, (), False),
        (USER, f"184{USER}", (), True),
        (USER, USER, ("Privacy: id",), True),
        (USER, f"186{USER}", ("Privacy: id",), False),
        ("shy", USER, (), True),
        ("shy", f"186{USER}", (), False),
    ],
)
async def test_whether_the_sender_is_shown(
    desk: Desk, wire: Wire, user: str, to: str, fields: tuple[str, ...], withheld: bool
) -> None:
    assert (await wire.message(to, "hello", *fields, user=user)).status == 202
    (kept,) = desk.kept
    assert kept.withheld is withheld


async def test_a_sender_has_so_many_a_minute(desk: Desk, wire: Wire) -> None:
    desk.answer = 200
    statuses = [(await wire.message(body=f"{number}")).status for number in range(6)]
    assert statuses == [200] * 5 + [503]
    assert (await wire.message(user="shy")).status == 200


async def test_so_many_wait_for_a_line(desk: Desk, wire: Wire) -> None:
    answers = [await wire.message(body=f"{number}") for number in range(4)]
    assert [answer.status for answer in answers] == [202, 202, 202, 503]
    assert answers[-1].headers.get("Retry-After") == "60"
    assert (await wire.message(to="09000000007")).status == 202


async def test_nothing_is_accepted_that_cannot_be_kept(desk: Desk, wire: Wire) -> None:
    desk.store.unavailable = True
    answer = await wire.message()
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "10")
    desk.store.unavailable = False
    assert (await wire.message()).status == 202


async def test_a_carrier_that_closes_takes_none(desk: Desk, wire: Wire) -> None:
    await desk.desk.close()
    answer = await wire.message()
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "10")
    desk.desk.resume()
    assert (await wire.message()).status == 202


@pytest.mark.rule("CALL-04")
@pytest.mark.parametrize(("prefix", "withheld"), [("184", True), ("186", False), ("", False)])
async def test_another_carriers_184_withholds_as_for_calls(
    desk: Desk, wire: Wire, prefix: str, withheld: bool
) -> None:
    host, port = wire.transport.get_extra_info("sockname")
    desk.board.trunks.put(Trunk("west", TrunkClass.MOBILE, (f"{host}:{port}",), trusted=True), None)
    asserted = "P-Asserted-Identity: <sip:+819012345678@west.example>"
    await wire.send(f"{prefix}{USER}", b"hello", asserted, call_id="a", cseq=1)
    assert [each.withheld for each in desk.kept] == [withheld]


@pytest.mark.parametrize(
    ("said", "heard", "reason"),
    [
        (415, 603, 'SIP;cause=415;text="Unsupported Media Type"'),
        (302, 603, 'SIP;cause=302;text="Moved Temporarily"'),
        (603, 603, 'SIP;cause=603;text="Decline"'),
        (486, 202, None),
        (200, 200, None),
    ],
)
async def test_its_sender_hears_what_the_phone_said(
    desk: Desk, wire: Wire, said: int, heard: int, reason: str | None
) -> None:
    desk.answer = said
    answer = await wire.message()
    assert (answer.status, answer.headers.get("Reason")) == (heard, reason)


@pytest.mark.parametrize(("trusted", "status"), [(True, 202), (False, 403)])
async def test_another_carrier_sends_when_it_is_trusted(
    desk: Desk, wire: Wire, trusted: bool, status: int
) -> None:
    host, port = wire.transport.get_extra_info("sockname")
    trunk = Trunk("west", TrunkClass.MOBILE, (f"{host}:{port}",), trusted=trusted)
    desk.board.trunks.put(trunk, None)
    asserted = "P-Asserted-Identity: <sip:+819012345678@west.example>"
    answer = await wire.send(USER, b"hello", asserted, call_id="a", cseq=1)
    assert answer.status == status
    assert [each.sender for each in desk.kept] == (["+819012345678"] if trusted else [])


async def test_another_carrier_sends_more_than_an_account_and_not_without_end(
    desk: Desk, wire: Wire
) -> None:
    desk.answer = 200
    host, port = wire.transport.get_extra_info("sockname")
    trunk = Trunk("west", TrunkClass.MOBILE, (f"{host}:{port}",), trusted=True)
    desk.board.trunks.put(trunk, None)
    answers = [await wire.send(USER, b"hello", call_id=f"{each}", cseq=1) for each in range(8)]
    assert [answer.status for answer in answers] == [200] * 7 + [503]


async def test_within_a_call_it_is_for_whom_to_names(desk: Desk, wire: Wire) -> None:
    answer = await wire.send(USER, b"hello", call_id="a", cseq=1, to_tag=";tag=unknown")
    assert answer.status == 481


async def test_what_it_says_is_in_no_log(desk: Desk, wire: Wire) -> None:
    desk.answer = 603
    for _ in range(7):
        await wire.message(body="code 4711")
    desk.store.unavailable = True
    await wire.message(body="code 4711", user="shy")
    assert desk.board.notes.lines
    assert "4711" not in repr(desk.board.notes.lines)


def test_states_have_their_status() -> None:
    assert STATUS_OF.keys() == set(MessageState)


async def test_phones_can_ask_whether_it_takes_messages(desk: Desk, wire: Wire) -> None:
    wire.transport.sendto(
        b"OPTIONS sip:tokuban SIP/2.0\r\n"
        b"Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bKoptions\r\n"
        b"From: <sip:a@tokuban>;tag=1\r\nTo: <sip:tokuban>\r\nCall-ID: o\r\n"
        b"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
    async with asyncio.timeout(30):
        answer = await wire.answers.get()
    assert "text/plain" in answer.headers.all("Accept")
    assert "MESSAGE" in answer.headers.all("Allow")
