"""aiosip 0.2.0, which no supported Python imports, still registers: its users can move."""

import asyncio
import collections
import collections.abc
import types
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from tests.interop import journeys, lines
from tests.support.carrier import Carrier
from tests.support.ports import LOOPBACK, free_port

pytestmark = pytest.mark.interop

LINE = lines.AIOSIP


def coroutine(function: Callable[..., Any]) -> Callable[..., Any]:
    """`asyncio.coroutine` as it was before Python 3.11: generators that `yield from` awaitables."""
    return types.coroutine(function)


@pytest.fixture
def aiosip(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library, with the two names given back that newer Pythons took away."""
    monkeypatch.setattr(asyncio, "coroutine", coroutine, raising=False)
    monkeypatch.setattr(
        collections, "MutableMapping", collections.abc.MutableMapping, raising=False
    )
    with warnings.catch_warnings():  # of escapes in its patterns, where no bytecode is kept of it
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", SyntaxWarning)
        import aiosip

    return aiosip


def simple_dialog(aiosip: Any) -> type[Any]:
    """A dialog, aiosip's own way to extend it, that mends two faults of its retry after a 401.

    It announces a qop that it does not compute, and it keeps the branch of the first request.
    """

    class SimpleDialog(aiosip.Dialog):  # type: ignore[misc]
        def receive_message(self, msg: Any) -> None:
            challenge = msg.headers.get("WWW-Authenticate")
            if challenge:
                kept = [part for part in challenge.split(", ") if not part.startswith("qop")]
                msg.headers["WWW-Authenticate"] = ", ".join(kept)
            super().receive_message(msg)

        def send_message(self, method: str, **fields: Any) -> Any:
            if fields.get("headers"):
                fields["headers"].pop("Via", None)
            return super().send_message(method, **fields)

    return SimpleDialog


async def register(aiosip: Any, carrier: Carrier, password: str) -> int:
    """Register and return the final status."""
    host, port = carrier.address
    app = aiosip.Application(loop=asyncio.get_running_loop())
    local = LOOPBACK, free_port()
    dialog = await app.start_dialog(
        from_uri=f"sip:{LINE.number}@{LOOPBACK}:{local[1]}",
        to_uri=f"sip:{LINE.number}@{host}:{port}",
        local_addr=local,
        remote_addr=carrier.address,
        password=password,
        dialog=simple_dialog(aiosip),
    )
    try:
        answer = await asyncio.wait_for(dialog.register(), 20)
        status: int = answer.status_code
        return status
    finally:
        for transport in app._transports.values():
            transport.close()


@pytest.mark.rule("LINE-02")
async def test_aiosip_registers(aiosip: Any, carrier: Carrier) -> None:
    assert await register(aiosip, carrier, LINE.password) == 200
    (binding,) = journeys.registrations(carrier, LINE)
    assert "aiosip" in binding["user_agent"]


@pytest.mark.rule("LINE-02")
async def test_aiosip_with_a_wrong_password_is_refused(aiosip: Any, carrier: Carrier) -> None:
    with pytest.raises(aiosip.RegisterFailed):
        await register(aiosip, carrier, "wrong")
