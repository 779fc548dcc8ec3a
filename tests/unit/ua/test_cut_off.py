"""Phones that registered on a connection, and lost it (RFC 5626 §5.3)."""

import asyncio

import pytest

from ivr.net import clock
from ivr.sip.events import Flow
from provisioning.contract import Binding
from tests.support.switchboard import USER, Switchboard, switchboard

pytestmark = pytest.mark.rule("LINE-02")

HOME = ("127.0.0.1", 5060)
PEER = ("192.0.2.7", 40000)
NEEDS_IT = "sip:a@10.0.0.2:5060;transport=tls"
ASKS_FOR_IT = "sip:b@192.0.2.7:5061;transport=tls;ob"
LISTENS = "sip:c@192.0.2.7:5061;transport=tls"
ELSEWHERE = "sip:d@10.0.0.3"


def binding(contact: str, flow: str = "tls:192.0.2.7:40000") -> Binding:
    return Binding(contact, "r", 1, clock.wall() + 600, flow)


async def registered(board: Switchboard) -> None:
    """The user's phones: two that need the connection, one that listens, one elsewhere."""
    board.bindings.rows[USER] = (
        binding(NEEDS_IT),
        binding(ASKS_FOR_IT),
        binding(LISTENS),
        binding(ELSEWHERE, "tls:192.0.2.7:40001"),
    )
    await board.registrar.load()


def contacts(bindings: tuple[Binding, ...]) -> set[str]:
    return {each.contact for each in bindings}


async def test_who_only_the_connection_reached_is_registered_no_more() -> None:
    async with switchboard() as board:
        await registered(board)
        board.driver.lost(Flow("TLS", HOME, PEER, 7))
        assert contacts(board.registrar.of(USER)) == {LISTENS, ELSEWHERE}
        assert contacts(board.bindings.rows[USER]) == {LISTENS, ELSEWHERE}
        removed = [str(facts["contact"]) for facts in board.events.of("registration.removed")]
        assert sorted(removed) == sorted((NEEDS_IT, ASKS_FOR_IT))
        await board.registrar.close()


async def test_another_connection_is_nobodys_loss() -> None:
    async with switchboard() as board:
        await registered(board)
        for flow in (
            Flow("TLS", HOME, ("192.0.2.7", 40002), 7),
            Flow("TCP", HOME, PEER, 8),
            Flow("UDP", HOME, PEER),
        ):
            board.driver.lost(flow)
        assert len(board.registrar.of(USER)) == 4


async def test_a_websocket_client_listens_nowhere() -> None:
    async with switchboard() as board:
        contact = "sip:w@192.0.2.7;transport=ws"
        board.bindings.rows[USER] = (binding(contact, "ws:192.0.2.7:40000"),)
        await board.registrar.load()
        board.driver.lost(Flow("WS", HOME, PEER, 9))
        assert board.registrar.of(USER) == ()
        assert USER not in board.bindings.rows
        await board.registrar.close()


async def test_what_cannot_be_stored_is_forgotten_all_the_same() -> None:
    async with switchboard() as board:
        await registered(board)
        board.bindings.unavailable = True
        board.driver.lost(Flow("TLS", HOME, PEER, 7))
        assert contacts(board.registrar.of(USER)) == {LISTENS, ELSEWHERE}
        await board.registrar.close()
        assert "registration.not-stored" in board.notes.events()


async def test_an_account_that_changes_meanwhile_keeps_nothing() -> None:
    async with switchboard() as board:
        await registered(board)
        board.driver.lost(Flow("TLS", HOME, PEER, 7))
        board.registrar.forget(USER)
        await board.registrar.close()
        await asyncio.sleep(0)
        assert board.registrar.of(USER) == ()
        assert board.bindings.rows == {}


async def test_a_carrier_that_stops_forgets_nobody() -> None:
    async with switchboard() as board:
        await registered(board)
        await board.registrar.close()
        board.driver.lost(Flow("TLS", HOME, PEER, 7))
        assert len(board.bindings.rows[USER]) == 4
