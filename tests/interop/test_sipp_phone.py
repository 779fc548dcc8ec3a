"""SIPp as a telephone, at an exchange of plain strings that says what a carrier seldom does."""

import hashlib
import queue
import re
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.scenarios.phones import sipp_scenario
from lab.scenarios.phones.closing import Closing
from lab.scenarios.phones.errors import PhoneError
from lab.scenarios.phones.handset import Ending, NotRegistered
from lab.scenarios.phones.sipp_phone import Sipp
from lab.scenarios.phones.waiting import until
from tests.support.ports import LOOPBACK
from tests.support.wire import Message, read

pytestmark = pytest.mark.interop

USER, PASSWORD = "09000000001", "secret-sipp"
PATIENCE_S = 20.0
OFFER = """\
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 40000 RTP/AVP 8 0 96
a=rtpmap:96 telephone-event/8000
"""


class Exchange(Closing):
    """Lets a phone in that knows its password; whatever else it says is for the test."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self.enrolled: list[str] = []
        self.passed_over, self.refused = 0, 0
        """So many proven REGISTERs get no answer yet, and so many after them get a 503."""
        self._phone: tuple[str, int] = self.address
        self._came: queue.Queue[Message] = queue.Queue()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            data, source = self._socket.recvfrom(65535)
            if not data:
                return
            message = read(data)
            if message.method != "REGISTER":
                self._phone = source
                self._came.put(message)
            elif self.is_known(message) and self.passed_over:
                self.passed_over -= 1
            elif self.is_known(message) and self.refused:
                self.refused -= 1
                self.answer(message, "503 Service Unavailable", to=source)
            elif self.is_known(message):
                self.enrolled.append(message.get("Expires"))
                self._phone = source
                self.answer(message, "200 OK")
            elif message.get("Authorization"):
                self.answer(message, "403 Forbidden", to=source)
            else:
                self.challenge(message, to=source)

    def is_known(self, message: Message) -> bool:
        """Whether a request has the proof of the password (RFC 7616 §3.4.1, without qop)."""
        given = dict(re.findall(r'(\w+)="?([^",]+)', message.get("Authorization")))
        if not given:
            return False
        assert given["uri"] == message.start.split()[1]
        one = hashlib.md5(f"{USER}:exchange:{PASSWORD}".encode()).hexdigest()
        two = hashlib.md5(f"{message.method}:{given['uri']}".encode()).hexdigest()
        proof = hashlib.md5(f"{one}:{given['nonce']}:{two}".encode()).hexdigest()
        return bool(given["response"] == proof)

    def challenge(self, message: Message, to: tuple[str, int] | None = None) -> None:
        """Ask for the password."""
        asked = 'WWW-Authenticate: Digest realm="exchange", nonce="n1", algorithm=MD5'
        self.answer(message, "401 Unauthorized", asked, to=to)

    def answer(
        self, message: Message, status: str, *more: str, body: str = "",
        to: tuple[str, int] | None = None,
    ) -> None:  # fmt: skip
        """Answer a request."""
        copied = [f"{name}: {message.get(name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
        self._send([f"SIP/2.0 {status}", *copied, f"To: {_tagged(message.get('To'))}", *more],
                   body, to or self._phone)  # fmt: skip

    def ask(self, method: str, call: str, number: int, *, to: str = "", body: str = "") -> None:
        """Send a request; `to`: the phone's tag."""
        host, port = self.address
        self._send(
            [
                f"{method} sip:{USER}@{LOOPBACK}:{self._phone[1]} SIP/2.0",
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{call}{number}",
                f'From: "0300000003" <sip:0300000003@{host}>;tag=far',
                f"To: <sip:{USER}@{host}>" + (f";tag={to}" if to else ""),
                f"Call-ID: {call}",
                f"CSeq: {number} {method}",
                f"Contact: <sip:{host}:{port}>",
                "Max-Forwards: 70",
            ],
            body,
            self._phone,
        )

    def _send(self, head: list[str], body: str, to: tuple[str, int]) -> None:
        text = body.replace("\n", "\r\n")
        kind = ["Content-Type: application/sdp"] if body else []
        lines = [*head, *kind, f"Content-Length: {len(text)}", "", text]
        self._socket.sendto("\r\n".join(lines).encode(), to)

    def came(self, what: str, call: str = "") -> Message:
        """The next message of a kind: the status and method of a response, or a method."""

        def fitting() -> Message | None:
            message = self._came.get(timeout=PATIENCE_S)
            kind = f"{message.status} {message.method}" if message.status else message.method
            return message if kind == what and call in ("", message.get("Call-ID")) else None

        return until(fitting, what, PATIENCE_S)

    def close(self) -> None:
        self._socket.sendto(b"", self.address)
        self._thread.join()
        self._socket.close()


def _tagged(to: str) -> str:
    return to if ";tag=" in to else f"{to};tag=far"


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with Exchange() as exchange:
        yield exchange


@pytest.fixture
def phone(exchange: Exchange, tmp_path: Path) -> Iterator[Sipp]:
    phone = Sipp(tmp_path, 700)
    try:
        phone.register(USER, PASSWORD, exchange.address)
        yield phone
    finally:
        phone.close()


def test_it_registers_and_takes_it_back(exchange: Exchange, phone: Sipp, tmp_path: Path) -> None:
    assert exchange.enrolled == ["3600"]
    (scenario,) = tmp_path.glob("*.xml")
    assert PASSWORD in scenario.read_text()
    assert stat.S_IMODE(scenario.stat().st_mode) == 0o600
    assert not any(PASSWORD in path.read_text() for path in tmp_path.glob("*.log"))
    phone.close()
    assert exchange.enrolled == ["3600", "0"]
    with pytest.raises(NotRegistered, match="403"):
        phone.register(USER, "wrong", exchange.address)
    with pytest.raises(PhoneError, match="no spaces"):
        phone.register(USER, "a b", exchange.address)


def test_it_stays_registered_whatever_comes_between(
    exchange: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for waits in ("_REFRESH_MS", "_UNHEARD_MS", "_BARRED_MS"):
        monkeypatch.setattr(sipp_scenario, waits, 300)
    phone = Sipp(tmp_path, 700)
    phone.register(USER, PASSWORD, exchange.address)
    exchange.refused, exchange.passed_over = 1, 1
    until(lambda: len(exchange.enrolled) >= 2, "two registrations", PATIENCE_S)
    assert (exchange.refused, exchange.passed_over) == (0, 0)
    phone.close()
    assert exchange.enrolled[-1] == "0"


def test_a_call_that_is_taken(exchange: Exchange, phone: Sipp) -> None:
    exchange.ask("INVITE", "one", 1, body=OFFER)
    tag = exchange.came("180 INVITE").to_tag
    assert (
        until(phone.ringing, "ringing", PATIENCE_S) == f'"0300000003" <sip:0300000003@{LOOPBACK}>'
    )
    assert not phone.answered()
    exchange.ask("OPTIONS", "one", 2, to=tag)
    exchange.came("200 OPTIONS")
    exchange.ask("INVITE", "two", 1, body=OFFER)
    exchange.came("180 INVITE", "two")
    assert until(phone.ringing, "ringing", PATIENCE_S)  # it looks, and one call is enough
    exchange.came("486 INVITE", "two")
    exchange.ask("ACK", "two", 1)
    phone.answer()
    answer = exchange.came("200 INVITE", "one")
    assert answer.to_tag == tag
    assert b"telephone-event/8000" in answer.body
    assert re.search(rb"m=audio \d+ RTP/AVP 0 96\r\n", answer.body)
    exchange.ask("ACK", "one", 1, to=tag)
    assert phone.ringing() is None
    assert until(phone.answered, "answer", PATIENCE_S)
    exchange.ask("BYE", "one", 3, to=tag)
    exchange.came("200 BYE")
    assert until(phone.ended, "end", PATIENCE_S) == Ending(None, "ended", refused=False)


def test_what_is_asked_within_a_call(exchange: Exchange, phone: Sipp) -> None:
    exchange.ask("INVITE", "one", 1, body=OFFER)
    tag = exchange.came("180 INVITE").to_tag
    until(phone.ringing, "ringing", PATIENCE_S)
    phone.answer()
    exchange.came("200 INVITE")
    exchange.ask("ACK", "one", 1, to=tag)
    for number, method in enumerate(("INFO", "NOTIFY", "OPTIONS", "UPDATE"), start=2):
        exchange.ask(method, "one", number, to=tag)
        assert exchange.came(f"200 {method}").body == b""
    exchange.ask("REFER", "one", 6, to=tag)
    assert "INVITE" in exchange.came("405 REFER").get("Allow")
    for number, method in enumerate(("UPDATE", "INVITE"), start=7):
        exchange.ask(method, "one", number, to=tag, body=OFFER.replace("96", "97"))
        assert b" 0 97\r\n" in exchange.came(f"200 {method}").body
    exchange.ask("ACK", "one", 8, to=tag)
    phone.hang_up()
    bye = exchange.came("BYE")
    assert (bye.get("From").endswith(f"tag={tag}"), bye.to_tag) == (True, "far")
    exchange.answer(bye, "200 OK")
    assert until(phone.ended, "end", PATIENCE_S) == Ending(None, "ended", refused=False)


def test_calls_that_nobody_takes(exchange: Exchange, phone: Sipp) -> None:
    exchange.ask("INVITE", "given-up", 1, body=OFFER)
    exchange.came("180 INVITE")
    until(phone.ringing, "ringing", PATIENCE_S)
    exchange.ask("CANCEL", "given-up", 1)
    exchange.came("200 CANCEL")
    tag = exchange.came("487 INVITE").to_tag
    exchange.ask("ACK", "given-up", 1, to=tag)
    assert until(phone.ended, "end", PATIENCE_S).refused
    assert phone.ringing() is None
    exchange.ask("INVITE", "declined", 1, body=OFFER)
    exchange.came("180 INVITE")
    until(phone.ringing, "ringing", PATIENCE_S)
    phone.hang_up()
    tag = exchange.came("486 INVITE").to_tag
    exchange.ask("ACK", "declined", 1, to=tag)
    assert until(phone.ended, "end", PATIENCE_S).refused


def test_who_dials_puts_down_what_rings(exchange: Exchange, phone: Sipp) -> None:
    exchange.ask("INVITE", "one", 1, body=OFFER)
    exchange.came("180 INVITE")
    dialling = threading.Thread(target=phone.dial, args=("117",))
    dialling.start()
    exchange.ask("ACK", "one", 1, to=exchange.came("486 INVITE").to_tag)
    exchange.answer(exchange.came("INVITE"), "503 Service Unavailable")
    dialling.join()
    assert exchange.came("ACK").get("CSeq") == "1 ACK"
    assert until(phone.ended, "end", PATIENCE_S) == Ending(503, "503 Service Unavailable", True)


def test_what_comes_out_of_any_call(exchange: Exchange, phone: Sipp) -> None:
    for method, status in (("OPTIONS", 200), ("NOTIFY", 200), ("MESSAGE", 405), ("BYE", 481)):
        exchange.ask(method, f"stray-{method}", 1)
        exchange.came(f"{status} {method}")
    with pytest.raises(PhoneError, match="has had no call"):
        phone.answered()


def dialled(exchange: Exchange, phone: Sipp) -> Message:
    """A call of the phone's, past its challenge."""
    phone.dial("090#1")
    exchange.challenge(exchange.came("INVITE"))
    exchange.came("ACK")
    invite = exchange.came("INVITE")
    assert invite.start == f"INVITE sip:090%231@{LOOPBACK}:{exchange.address[1]} SIP/2.0"
    assert exchange.is_known(invite)
    exchange.answer(invite, "100 Trying")
    return invite


def test_a_call_that_is_refused(exchange: Exchange, phone: Sipp) -> None:
    exchange.answer(dialled(exchange, phone), "404 Not Found")
    assert exchange.came("ACK").get("CSeq") == "2 ACK"
    assert until(phone.ended, "end", PATIENCE_S) == Ending(404, "404 Not Found", refused=True)


def test_an_answer_that_crosses_our_cancel(exchange: Exchange, phone: Sipp) -> None:
    invite = dialled(exchange, phone)
    assert phone.ended() is None
    phone.hang_up()
    cancel = exchange.came("CANCEL")
    assert cancel.get("Via") == invite.get("Via")
    host, port = exchange.address
    exchange.answer(invite, "200 OK", f"Contact: <sip:{host}:{port}>", body=OFFER)
    exchange.answer(cancel, "200 OK")
    assert exchange.came("ACK").to_tag == "far"
    bye = exchange.came("BYE")
    exchange.answer(bye, "200 OK")
    assert until(phone.ended, "end", PATIENCE_S).refused
