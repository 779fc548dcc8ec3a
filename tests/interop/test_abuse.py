"""Hostile input on the wire: the right answer or silence, and a carrier that lives on."""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.interop import lines
from tests.support.abuse import mutations
from tests.support.carrier import Carrier
from tests.support.waiting import until
from tests.support.wire import WireCall, WirePhone, read, token

pytestmark = pytest.mark.interop

LINE = lines.WIRE


@pytest.fixture
def phone(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, LINE.number, LINE.password) as phone:
        yield phone


@pytest.fixture(autouse=True)
def still_alive(carrier: Carrier) -> Iterator[None]:
    """After each test the carrier answers, and its log has no traceback."""
    yield
    with WirePhone(carrier.address, LINE.number, LINE.password) as probe:
        assert probe.ping().status == 200
    carrier.assert_untroubled()


def options(phone: WirePhone, extra: str = "", *, via: str | None = None, uri: str = "") -> str:
    """An OPTIONS to the carrier itself; `extra` is whole header lines."""
    host, port = phone.server
    return (
        f"OPTIONS {uri or f'sip:{host}:{port}'} SIP/2.0\r\n"
        f"Via: {via or phone.via()}\r\n"
        f"From: <sip:abuse@{host}>;tag={token()}\r\nTo: <sip:{host}>\r\n"
        f"Call-ID: {token()}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n{extra}"
        "Content-Length: 0\r\n\r\n"
    )


@pytest.mark.parametrize("port", ["70000", "65536", "0", "-1", "99999999999999999999"])
@pytest.mark.parametrize("rport", ["", ";rport", ";rport=70000", ";received=999.1.1.1"])
def test_a_via_port_out_of_range_deafens_nobody(phone: WirePhone, port: str, rport: str) -> None:
    phone.send(
        options(phone, via=f"SIP/2.0/UDP {phone.host}:{port};branch={token('z9hG4bK')}{rport}")
    )
    phone.ping()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "[::", "255.255.255.255", "a" * 5000])
def test_a_via_host_that_is_none_deafens_nobody(phone: WirePhone, host: str) -> None:
    phone.send(options(phone, via=f"SIP/2.0/UDP {host}:5060;branch={token('z9hG4bK')}"))
    phone.ping()


@pytest.mark.parametrize(
    "flood",
    ["X-Junk: 1\r\n" * 3000, "Via: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bKx\r\n" * 700,
     f"Subject: {'a' * 50_000}\r\n", "Route: <sip:127.0.0.1;lr>\r\n" * 1000],
    ids=["headers", "vias", "one-long", "routes"],
)  # fmt: skip
def test_floods_of_headers_deafen_nobody(phone: WirePhone, flood: str) -> None:
    phone.send(options(phone, flood))
    phone.ping()


def test_bent_requests_deafen_nobody(phone: WirePhone) -> None:
    """Some hundreds of mutations by a fixed seed, with a sign of life after every fifty."""
    for number, message in enumerate(mutations(20, 600, phone.host, phone.port)):
        phone.send(message[:60_000])
        if number % 50 == 49:
            phone.ping()


@pytest.mark.parametrize(
    "junk", [b"", b"\r\n\r\n", b"\0" * 4, b"\x00\x01" * 700, b"hello", b"\r\n"]
)
def test_datagrams_that_are_no_sip_are_ignored(phone: WirePhone, junk: bytes) -> None:
    phone.send(junk)
    phone.ping()


def test_a_request_after_leading_line_ends_is_answered(phone: WirePhone) -> None:
    """RFC 3261 §7.5: CRLF before the start line is skipped."""
    phone.send("\r\n\r\n" + options(phone))
    assert phone.expect(200, method="OPTIONS").get("Via")


def test_an_ack_is_never_answered(phone: WirePhone) -> None:
    broken = options(phone).replace("OPTIONS", "ACK").replace("CSeq: 1", "CSeq: x")
    for ack in (broken, options(phone).replace("OPTIONS", "ACK")):
        phone.send(ack)
    assert phone.drain(1.0) == []


def test_one_spoofed_packet_draws_one_answer_at_most(phone: WirePhone) -> None:
    """An INVITE without credentials must not make the carrier an amplifier."""
    with WireCall(phone, "1429") as call:
        invite = call.text("INVITE", 1, body=call.sdp())
        phone.send(invite.replace("Call-ID: ", "Call-ID: once-"))
        first = phone.expect(401, method="INVITE")
        assert len(str(first)) < 4 * len(invite)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (("Max-Forwards: 70", "Max-Forwards: 256"), 400),
        (("Max-Forwards: 70", "Max-Forwards: 70\r\nRequire: no-such-option"), 420),
        (("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"), 400),
        (("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), 505),
        (("CSeq: 1 OPTIONS", "CSeq: 99999999999 OPTIONS"), 400),
        (("To: <sip", "To: <sip:a@b>;tag=x\r\nTo: <sip"), 400),
    ],
)
def test_requests_are_refused_as_the_rfc_says(
    phone: WirePhone, change: tuple[str, str], status: int
) -> None:
    phone.send(options(phone).replace(*change))
    answer = phone.expect(*range(200, 700))
    assert answer.status == status
    if status == 420:
        assert answer.get("Unsupported") == "no-such-option"


def test_a_method_not_served_gets_405_or_501_with_allow(phone: WirePhone) -> None:
    for method, expected in (("FROB", (405, 501)), ("PUBLISH", (405, 501))):
        phone.send(options(phone).replace("OPTIONS", method))
        answer = phone.expect(*range(200, 700), method=method)
        assert answer.status in expected
        assert answer.status == 501 or "INVITE" in answer.get("Allow")


def test_a_request_within_no_dialog_gets_481(phone: WirePhone) -> None:
    with WireCall(phone, "1429") as call:
        call.to = f"<{call.uri}>;tag=never-given"
        assert call.bye().status == 481
        phone.send(call.text("INVITE", 9, body=call.sdp()))
        assert phone.expect(*range(200, 700), method="INVITE").status == 481


def test_a_body_of_another_type_gets_415(phone: WirePhone) -> None:
    with WireCall(phone, "1429") as call:
        first = call.invite().replace("application/sdp", "text/plain")
        phone.send(first)
        answer = phone.expect(415, method="INVITE")
        assert "application/sdp" in answer.get("Accept")


@pytest.mark.parametrize(
    "change",
    [
        ("m=audio ", "m=audio 0/2 RTP/AVP 0\r\nm=audio "),
        (" RTP/AVP 0 101", " RTP/AVP 9"),
        ("m=audio", "m=data"),
        ("v=0", "v=7"),
    ],
)
def test_an_offer_that_fits_nothing_gets_an_answer(
    phone: WirePhone, change: tuple[str, str]
) -> None:
    with WireCall(phone, "1429") as call:
        branch = token("z9hG4bK")
        invite = call.invite(branch)
        head, _, body = invite.partition("\r\n\r\n")
        bent = body.replace(*change)
        head = re.sub(r"Content-Length: \d+", f"Content-Length: {len(bent)}", head)
        phone.send(f"{head}\r\n\r\n{bent}")
        final = call.wait_final(branch)
        assert final.status in (200, 400, 488, 606)
        if final.status == 200:
            assert call.bye().status == 200


def test_a_wrong_password_and_an_unknown_user_look_the_same(carrier: Carrier) -> None:
    answers = []
    for user in (LINE.number, "09099998888"):
        with WirePhone(carrier.address, user, "wrong") as phone:
            answer = phone.register()
            answers.append((answer.status, {name for name, _ in answer.headers}))
    assert answers[0] == answers[1]


def test_one_may_not_register_for_another(phone: WirePhone) -> None:
    uri = f"sip:{phone.server[0]}:{phone.server[1]}"
    call_id = token()
    other = lines.BARESIP.number

    def text(cseq: int, extra: list[tuple[str, str]]) -> str:
        whole = phone.register_text(call_id, cseq, extra=extra)
        return whole.replace(f"To: <sip:{phone.user}@", f"To: <sip:{other}@")

    phone.send(text(1, []))
    refusal = phone.expect(401, method="REGISTER")
    phone.send(text(2, [phone.credentials(refusal, "REGISTER", uri)]))
    assert phone.expect(*range(200, 700), method="REGISTER").status == 403


def test_two_content_lengths_over_tcp_smuggle_nothing(carrier: Carrier, phone: WirePhone) -> None:
    hidden = options(phone, via=phone.via().replace("UDP", "TCP"))
    outer = hidden.replace(
        "Content-Length: 0", f"Content-Length: 0\r\nContent-Length: {len(hidden)}"
    ).replace("Call-ID: ", "Call-ID: outer-")
    with socket.create_connection(carrier.address, timeout=5) as connection:
        connection.sendall((outer + hidden).encode())
        answered = read_all(connection)
    assert b" 400 " in answered.split(b"\r\n")[0]
    assert answered.count(b"SIP/2.0 ") == 1
    until(lambda: "stands twice" in carrier.log, "the reason in the log")


def test_a_slow_writer_is_served_and_harms_nobody(carrier: Carrier, phone: WirePhone) -> None:
    text = options(phone, via=phone.via().replace("UDP", "TCP")).encode()
    with socket.create_connection(carrier.address, timeout=20) as connection:
        for place in range(0, len(text), 7):
            connection.sendall(text[place : place + 7])
        phone.ping()
        assert read(connection.recv(65_535)).status == 200


def test_two_messages_in_one_segment_are_two(carrier: Carrier, phone: WirePhone) -> None:
    pair = [options(phone, via=phone.via().replace("UDP", "TCP")) for _ in range(2)]
    with socket.create_connection(carrier.address, timeout=20) as connection:
        connection.sendall("".join(pair).encode())
        received = b""
        while received.count(b"SIP/2.0 200") < 2:
            data = connection.recv(65_535)
            assert data, received
            received += data


def test_a_keep_alive_over_tcp_is_answered(carrier: Carrier) -> None:
    """RFC 5626 §3.5.1: double CRLF, answered by a single one."""
    with socket.create_connection(carrier.address, timeout=20) as connection:
        connection.sendall(b"\r\n\r\n")
        assert connection.recv(100) == b"\r\n"


def test_endless_headers_over_tcp_end_the_connection(carrier: Carrier, phone: WirePhone) -> None:
    with socket.create_connection(carrier.address, timeout=20) as connection:
        head = options(phone).partition("Content-Length")[0]
        try:
            connection.sendall(head.encode() + b"X-Endless: yes\r\n" * 200_000)
            read_all(connection)
        except (ConnectionResetError, BrokenPipeError):
            return
        assert connection.recv(10) == b""


def test_many_idle_connections_leave_room_for_work(carrier: Carrier, phone: WirePhone) -> None:
    idle = [socket.create_connection(carrier.address) for _ in range(200)]
    try:
        phone.ping()
        assert phone.register().status == 200
    finally:
        for connection in idle:
            connection.close()


def test_a_forged_log_line_stays_one_line(carrier: Carrier, phone: WirePhone) -> None:
    mark = token("forged")
    extra = f"User-Agent: \x1b[31mred\x0b{mark}\x85level=error\r\n"
    phone.send(options(phone, extra).replace("OPTIONS", "BREW"))
    phone.expect(405, 501, method="BREW")
    phone.send(phone.register_text(token(), 1, extra=[("User-Agent", f"\x1b[2J{mark}")]))
    phone.expect(401, method="REGISTER")
    assert "\x1b[31mred" not in carrier.log
    assert "\x1b[2J" not in carrier.log


def test_secrets_are_in_no_log_line(carrier: Carrier, phone: WirePhone) -> None:
    assert phone.register().status == 200
    with WirePhone(carrier.address, LINE.number, "wrong-marker-password") as wrong:
        wrong.register()
    until(lambda: LINE.number in carrier.log or "819000000014" in carrier.log, "a log of the line")
    for secret in (LINE.password, "wrong-marker-password", "response="):
        assert secret not in carrier.log


def read_all(connection: socket.socket) -> bytes:
    """What comes until the peer closes or falls silent."""
    received = b""
    try:
        while data := connection.recv(65_535):
            received += data
    except TimeoutError:
        pass
    return received
