"""Requests that never become whole do not hold a connection; upgrades are ignored in silence."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from fastapi import FastAPI, Request

from lab.patience import PatientProtocol
from lab.web import WebPart
from tests.support.ports import LOOPBACK

PATIENCE_S = 10.0
A_WHILE_S = 0.05


class Hasty(PatientProtocol):
    """As the product's, in a hurry."""

    within_s = {"headers": 0.2, "body": 0.2}  # noqa: RUF012 - as it is there


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = FastAPI()

    @app.post("/echo")
    async def echo(request: Request) -> str:
        return (await request.body()).decode()

    part = WebPart(app, LOOPBACK, 0, Hasty)
    await part.start()
    yield part.port
    await part.stop(1.0)


async def sent(port: int, *pieces: bytes) -> bytes:
    """What comes until the server closes; each piece goes once something came, or a while after."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            came = b""
            for piece in pieces:
                writer.write(piece)
                with suppress(TimeoutError):
                    async with asyncio.timeout(A_WHILE_S):
                        came += await reader.read(4096)
            return came + await reader.read()
        finally:
            writer.close()


@pytest.mark.parametrize(
    "half", [b"", b"POST /echo HTTP/1.1\r\nHost: x\r\nX-Never-End", b"POST /echo HTTP/1.1\r\n"]
)
async def test_half_sent_headers_are_given_up(port: int, half: bytes) -> None:
    assert (await sent(port, half)).startswith(b"HTTP/1.1 408 ")


async def test_a_header_at_a_time_wins_no_time(port: int) -> None:
    lines = [b"POST /echo HTTP/1.1\r\n", *(b"X-%d: x\r\n" % each for each in range(4))]
    assert (await sent(port, *lines)).startswith(b"HTTP/1.1 408 ")


async def test_a_half_sent_body_is_given_up(port: int) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
    assert await sent(port, head) == b""


async def test_half_a_request_behind_a_whole_one(port: int) -> None:
    whole = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwell"
    answer = await sent(port, whole, b"POST /ec")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


async def test_an_upgrade_is_ignored_in_silence(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = (
        b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n"
        b"Content-Length: 4\r\n\r\nwell"
    )
    assert (await sent(port, asked)).endswith(b'"well"')
    assert not [each for each in caplog.records if "pgrade" in each.getMessage()]
