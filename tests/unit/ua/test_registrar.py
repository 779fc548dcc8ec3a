"""REGISTER on a real socket: challenged, stored before the answer, kept over a restart."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ivr.sip.digest import authorize
from ivr.sip.message import Response, parse
from ivr.ua.bindings import moved
from provisioning.contract import Binding
from tests.support.switchboard import PASSWORD, USER, Switchboard, switchboard

pytestmark = pytest.mark.rule("LINE-02")


class Wire(asyncio.DatagramProtocol):
    """A socket that sends REGISTERs and hears the answers."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[Response] = asyncio.Queue()
        self.cseq = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = parse(data)
        if isinstance(message, Response):
            self.answers.put_nowait(message)

    def send(self, *fields: str, user: str = USER, method: str = "REGISTER") -> None:
        self.cseq += 1
        lines = [
            f"{method} sip:tokuban SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:9;rport;branch=z9hG4bK{id(self)}{self.cseq}",
            f"From: <sip:{user}@tokuban>;tag=1",
            f"To: <sip:{user}@tokuban>",
            f"Call-ID: {id(self)}",
            f"CSeq: {self.cseq} {method}",
            "Max-Forwards: 70",
            *fields,
            "Content-Length: 0",
        ]
        data = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self.transport.sendto(data)  # type: ignore[attr-defined]

    async def answer(self) -> Response:
        async with asyncio.timeout(30):
            return await self.answers.get()

    async def register(self, *fields: str, user: str = USER) -> Response:
        """Ask, be challenged, ask again with credentials."""
        self.send(*fields, user=user)
        challenged = await self.answer()
        assert challenged.status == 401
        value = authorize(
            challenged.headers.all("WWW-Authenticate"),
            user=USER,
            password=PASSWORD,
            method="REGISTER",
            uri="sip:tokuban",
            cnonce=str(self.cseq),
        )
        self.send(f"Authorization: {value}", *fields, user=user)
        return await self.answer()


@pytest.fixture
async def board() -> AsyncIterator[Switchboard]:
    async with switchboard() as board:
        yield board


@pytest.fixture
async def wire(board: Switchboard) -> AsyncIterator[Wire]:
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_datagram_endpoint(Wire, remote_addr=board.address)
    yield wire
    transport.close()


async def test_a_contact_is_bound_and_listed(board: Switchboard, wire: Wire) -> None:
    answer = await wire.register("Contact: <sip:a@127.0.0.1:5062>;expires=600")
    (contact,) = answer.contacts
    assert (answer.status, contact.address) == (200, "sip:a@127.0.0.1:5062")
    assert contact.param("expires") == "600"
    assert [b.contact for b in board.registrar.of(USER)] == ["sip:a@127.0.0.1:5062"]
    assert [b.contact for b in board.bindings.rows[USER]] == ["sip:a@127.0.0.1:5062"]


async def test_a_fetch_changes_nothing(board: Switchboard, wire: Wire) -> None:
    await wire.register("Contact: <sip:a@127.0.0.1:5062>")
    before = board.bindings.rows[USER]
    answer = await wire.register()
    assert [c.address for c in answer.contacts] == ["sip:a@127.0.0.1:5062"]
    assert board.bindings.rows[USER] == before


async def test_all_are_removed(board: Switchboard, wire: Wire) -> None:
    await wire.register("Contact: <sip:a@127.0.0.1:5062>, <sip:b@127.0.0.1:5063>")
    answer = await wire.register("Contact: *", "Expires: 0")
    assert (answer.status, answer.contacts, board.registrar.of(USER)) == (200, [], ())


async def test_nobody_registers_for_another(board: Switchboard, wire: Wire) -> None:
    answer = await wire.register("Contact: <sip:a@127.0.0.1:5062>", user="09000000002")
    assert answer.status == 403
    assert board.registrar.registered() == 0


async def test_what_cannot_be_stored_is_not_confirmed(board: Switchboard, wire: Wire) -> None:
    await wire.register("Contact: <sip:a@127.0.0.1:5062>")
    board.bindings.unavailable = True
    answer = await wire.register("Contact: <sip:b@127.0.0.1:5063>")
    assert (answer.status, answer.headers.get("Retry-After")) == (503, "10")
    board.bindings.unavailable = False
    assert [b.contact for b in board.registrar.of(USER)] == ["sip:a@127.0.0.1:5062"]


async def test_changes_of_one_account_happen_in_the_order_they_came(
    board: Switchboard, wire: Wire
) -> None:
    """Five at once: each waits for the one before, and takes effect on what it left."""
    wire.send()
    challenges = (await wire.answer()).headers.all("WWW-Authenticate")
    for count in range(1, 6):
        value = authorize(
            challenges, user=USER, password=PASSWORD, method="REGISTER", uri="sip:tokuban",
            cnonce="c", nc=count,
        )  # fmt: skip
        wire.send(f"Authorization: {value}", f"Contact: <sip:{count}@127.0.0.1:5062>")
    answers = [await wire.answer() for _ in range(5)]
    assert [answer.status for answer in answers] == [200] * 5
    assert [len(answer.contacts) for answer in answers] == [1, 2, 3, 4, 5]
    assert len(board.bindings.rows[USER]) == 5


async def test_a_refresh_is_told_apart_from_a_change(board: Switchboard, wire: Wire) -> None:
    for contact in ("a", "a", "b"):
        await wire.register(f"Contact: <sip:{contact}@127.0.0.1:5062>")
    assert board.notes.events() == [
        "registration.changed",
        "registration.refreshed",
        "registration.changed",
    ]


async def test_a_defect_in_storing_is_answered_and_holds_nobody_up(
    board: Switchboard, wire: Wire
) -> None:
    board.bindings.users = ()
    assert (await wire.register("Contact: <sip:a@127.0.0.1:5062>")).status == 500
    board.bindings.users = (USER,)
    assert (await wire.register("Contact: <sip:a@127.0.0.1:5062>")).status == 200
    await board.registrar.close()


async def test_the_path_is_kept_and_told(board: Switchboard, wire: Wire) -> None:
    answer = await wire.register(
        "Contact: <sip:a@127.0.0.1:5062>", "Path: <sip:edge.example;lr>", "Supported: path"
    )
    assert answer.headers.all("Path") == ["<sip:edge.example;lr>"]
    assert board.registrar.of(USER)[0].path == ("<sip:edge.example;lr>",)


async def test_who_only_asks_is_answered_whatever_its_path(board: Switchboard, wire: Wire) -> None:
    answer = await wire.register('Path: <sip:p;lr>, "<<', "Supported: path")
    assert (answer.status, answer.headers.all("Path")) == (200, [])


async def test_a_restart_keeps_the_phone_reachable(board: Switchboard, wire: Wire) -> None:
    await wire.register("Contact: <sip:a@127.0.0.1:5062>;expires=600")
    async with switchboard() as restarted:
        restarted.bindings.rows = dict(board.bindings.rows)
        await restarted.registrar.load()
        assert [b.contact for b in restarted.registrar.of(USER)] == ["sip:a@127.0.0.1:5062"]


async def test_what_expired_meanwhile_is_not_taken_over(board: Switchboard, wire: Wire) -> None:
    await wire.register("Contact: <sip:a@127.0.0.1:5062>;expires=600")
    async with switchboard() as restarted:
        restarted.bindings.rows = {USER: moved(board.bindings.rows[USER], -601.0)}
        await restarted.registrar.load()
        assert restarted.registrar.of(USER) == ()


async def test_options_tell_what_is_served(board: Switchboard, wire: Wire) -> None:
    wire.send(method="OPTIONS")
    answer = await wire.answer()
    assert answer.status == 200
    assert "invite" in answer.headers.tokens("Allow")
    assert "100rel" in answer.headers.tokens("Supported")


async def test_a_balancer_sees_the_draining(board: Switchboard, wire: Wire) -> None:
    await board.calls.drain(1.0)
    wire.send(method="OPTIONS")
    assert (await wire.answer()).status == 503


async def test_an_account_that_changed_loses_its_registrations(
    board: Switchboard, wire: Wire
) -> None:
    await wire.register("Contact: <sip:a@127.0.0.1:5062>")
    board.registrar.forget("somebody else")
    assert board.registrar.registered() == 1
    board.registrar.forget(USER)
    assert board.registrar.of(USER) == ()
    assert board.notes.events() == ["registration.changed", "registration.ended"]


async def test_what_was_being_stored_when_the_account_changed_is_taken_back(
    board: Switchboard, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two REGISTERs, one being stored and one behind it: neither leaves a binding."""
    save = board.bindings.save

    def save_then_forget(user: str, bindings: tuple[Binding, ...]) -> asyncio.Future[None]:
        saving = save(user, bindings)
        if bindings:
            asyncio.get_running_loop().call_soon(board.registrar.forget, user)
        return saving

    wire.send()
    challenges = (await wire.answer()).headers.all("WWW-Authenticate")
    monkeypatch.setattr(board.bindings, "save", save_then_forget)
    for count in (1, 2):
        value = authorize(
            challenges, user=USER, password=PASSWORD, method="REGISTER", uri="sip:tokuban",
            cnonce="c", nc=count,
        )  # fmt: skip
        wire.send(f"Authorization: {value}", f"Contact: <sip:{count}@127.0.0.1:5062>")
    assert {(await wire.answer()).status for _ in range(2)} == {403}
    assert board.registrar.of(USER) == ()
    assert board.bindings.rows == {}
    monkeypatch.undo()
    assert (await wire.register("Contact: <sip:a@127.0.0.1:5062>")).status == 200
    await board.registrar.close()


async def test_whoever_waits_for_a_phone_is_told_after_each_register(
    board: Switchboard, wire: Wire
) -> None:
    told: list[str] = []
    board.registrar.watchers.append(told.append)
    assert (await wire.register()).status == 200
    assert told == []
    for _ in range(2):
        assert (await wire.register("Contact: <sip:a@192.0.2.1>")).status == 200
    assert told == [USER] * 2
    assert (await wire.register("Contact: *", "Expires: 0")).status == 200
    assert told == [USER] * 2
