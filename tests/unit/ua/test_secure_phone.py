"""Our own phone over TLS: whom it believes, and that its calls are encrypted both ways."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ivr.net import clock
from ivr.net.tcp import StreamTransport
from ivr.net.tls import Tls, caller, contexts
from ivr.ua.outbound import Answered, Phone, PhoneSettings, Refused
from lab.certificates import renew
from tests.contract.leg_contract import eventually
from tests.support.ports import free_range
from tests.support.switchboard import PASSWORD, USER, Switchboard, switchboard

SPEECH = bytes(range(1, 121)) * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tls")
    renew(made, ("127.0.0.1",), clock.wall())
    return made


@asynccontextmanager
async def over_tls(folder: Path) -> AsyncIterator[tuple[Switchboard, tuple[str, int]]]:
    """A switchboard, and where it speaks TLS."""
    tls = contexts(folder / "server.pem", folder / "server.key")
    async with switchboard() as board:
        transport = StreamTransport(board.driver, tls=tls)
        await transport.listen("127.0.0.1", 0)
        board.driver.add(transport)
        yield board, transport.local


@asynccontextmanager
async def phone_at(server: tuple[str, int], tls: Tls) -> AsyncIterator[Phone]:
    settings = PhoneSettings(server, USER, PASSWORD, "TLS", rtp_ports=free_range(40), tls=tls)
    phone = await Phone.open(settings)
    try:
        yield phone
    finally:
        await phone.close()


async def test_a_call_is_encrypted_both_ways(folder: Path) -> None:
    async with (
        over_tls(folder) as (board, server),
        phone_at(server, caller(folder / "ca.pem")) as phone,
    ):
        call = phone.dial("09000000002")
        heard, pressed = bytearray(), list[str]()
        call.listen(lambda _, ulaw: heard.extend(ulaw))
        leg = await board.legs.get()
        leg.on_key = pressed.append
        await leg.answer()
        assert await call.outcome == Answered()
        assert leg.sound.audio is not None
        assert leg.sound.audio.keys is not None
        await call.press("7")
        leg.play(SPEECH)
        await eventually(lambda: SPEECH in heard and pressed == ["7"])
        call.hang_up()


async def test_a_server_nobody_known_vouches_for_is_not_called(folder: Path) -> None:
    async with over_tls(folder) as (board, server), phone_at(server, caller()) as phone:
        outcome = await phone.dial("09000000002").outcome
        assert isinstance(outcome, Refused)
        assert outcome.reason.startswith(f"no TLS with 127.0.0.1:{server[1]}")
        assert board.legs.empty()
