"""A WebSocket client registers, calls and is called, on its own connection alone (RFC 7118)."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.interop import lines
from tests.interop.secure_carrier import SecureCarrier
from tests.support.ports import LOOPBACK
from tests.support.wire import Message, WireCall, WirePhone, read, token

pytestmark = pytest.mark.interop

NOWHERE = "df7jal23ls0d.invalid"
"""A browser listens nowhere and cannot tell its own address."""


class WebSocketPhone(WirePhone):
    """A wire phone whose messages go by WebSocket."""

    def __init__(self, carrier: SecureCarrier, line: lines.TestLine) -> None:
        super().__init__(carrier.address, line.number, line.password)
        url = f"ws://{LOOPBACK}:{carrier.ws_port}"
        self._stack = ExitStack()
        channel = connect(url, subprotocols=[Subprotocol("sip")], proxy=None)
        self._channel = self._stack.enter_context(channel)

    @property
    def contact(self) -> str:
        return f"<sip:{self.user}@{NOWHERE};transport=ws>"

    def register_text(self, call_id: str, cseq: int, **how: Any) -> str:
        return super().register_text(call_id, cseq, **{**how, "contact": self.contact})

    def send(self, data: bytes | str) -> None:
        self._channel.send(data)

    def receive(self, timeout_s: float = 20.0) -> Message | None:
        try:
            return read(self._channel.recv(timeout_s, decode=False))
        except TimeoutError:
            return None

    def via(self, branch: str | None = None) -> str:
        return f"SIP/2.0/WS {NOWHERE};branch={branch or token('z9hG4bK')}"

    def close(self) -> None:
        self._stack.close()
        super().close()


@pytest.fixture
def browser(secure: SecureCarrier) -> Iterator[WebSocketPhone]:
    with closing(WebSocketPhone(secure, lines.WIRE)) as phone:
        yield phone


@pytest.mark.rule("LINE-02")
def test_it_calls_the_network(browser: WebSocketPhone) -> None:
    assert browser.register().status == 200
    with WireCall(browser, lines.TONE) as call:
        answer = call.dial()
        assert answer.status == 200
        assert ";transport=ws>" in answer.get("Contact")
        assert call.bye().status == 200


@pytest.mark.rule("LINE-02")
def test_it_is_called_on_its_connection(secure: SecureCarrier, browser: WebSocketPhone) -> None:
    granted = browser.register()
    assert granted.get("Contact").startswith(browser.contact)
    with (
        WirePhone(secure.address, lines.BARESIP.number, lines.BARESIP.password) as caller,
        WireCall(caller, lines.WIRE.number) as call,
    ):
        branch = token("z9hG4bK")
        caller.send(call.invite(branch))
        invite = browser.expect_request("INVITE")
        assert invite.start == f"INVITE {browser.contact.strip('<>')} SIP/2.0"
        assert invite.get("Via").startswith(f"SIP/2.0/WS {LOOPBACK}:")
        browser.answer(invite, "180 Ringing")
        caller.expect(180)
        caller.send(call.text("CANCEL", call.cseq, branch=branch))
        assert browser.expect_request("CANCEL").get("Call-ID") == invite.get("Call-ID")
        browser.answer(invite, "487 Request Terminated")
        browser.expect_request("ACK")
        call.wait_final(branch)
