"""CPU µs of the message layer: `python -m tests.bench.bench_parse`.

Printed are the best and the middle of several rounds; each round takes messages that differ in
their identifiers, so that nothing is answered from a cache that real traffic would miss.
"""

import statistics
import sys
import time
from collections.abc import Callable

from ivr.sip.check import check
from ivr.sip.digest import DigestServer, Outcome, authorize, ha1
from ivr.sip.message import Request, parse, response_to
from ivr.sip.nonces import Nonces
from ivr.sip.offer_answer import Capabilities, answer
from ivr.sip.sdp import CONTENT_TYPE, Sdp

ROUNDS, UNITS = 9, 2000
REALM, URI = "carrier.example", "sip:1429@carrier.example"
SDP = (
    b"v=0\r\no=- 3915 3915 IN IP4 192.0.2.1\r\ns=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
)
HA1 = {algorithm: ha1("09000000001", REALM, "demo", algorithm) for algorithm in ("SHA-256", "MD5")}


def _invite(number: int, authorization: str) -> bytes:
    head = (
        f"INVITE {URI} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK{number:08x};rport\r\n"
        "Max-Forwards: 70\r\n"
        f'From: "Taro" <sip:09000000001@carrier.example>;tag=f{number:x}\r\n'
        "To: <sip:1429@carrier.example>\r\n"
        f"Call-ID: {number:x}@192.0.2.1\r\n"
        f"CSeq: {number} INVITE\r\n"
        f"Contact: <sip:{90_0000_0000 + number}@192.0.2.1:5062>\r\n"
        "Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,SUBSCRIBE,INFO,MESSAGE,UPDATE,REFER\r\n"
        "Supported: gruu,replaces,norefersub\r\n"
        "User-Agent: bench\r\n"
        f"Authorization: {authorization}\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n"
    )
    return head.encode() + SDP


class Bench:
    """One server and the messages of a round."""

    def __init__(self) -> None:
        self.server = DigestServer(REALM, Nonces(b"k" * 32))
        self.issued = 0

    def messages(self) -> list[bytes]:
        return [self._message() for _ in range(UNITS)]

    def _message(self) -> bytes:
        self.issued += 1
        challenges = self.server.challenges(10.0, f"{self.issued:016x}")
        return _invite(
            self.issued,
            authorize(
                challenges,
                user="09000000001",
                password="demo",
                method="INVITE",
                uri=URI,
                cnonce="0123456789abcdef",
            ),
        )

    def parsed(self, data: bytes) -> None:
        parse(data)

    def key_headers(self, data: bytes) -> Request:
        request = parse(data)
        assert isinstance(request, Request)
        _ = request.via, request.from_, request.to, request.call_id, request.cseq
        _ = request.contacts, request.content_type
        return request

    def checked(self, data: bytes) -> Request:
        request = self.key_headers(data)
        check(request)
        return request

    def whole_unit(self, data: bytes) -> None:
        request = self.key_headers(data)
        verdict = self.server.verify(
            request.headers.lines("Authorization"),
            method=request.method,
            request_uri=request.uri,
            ha1_of=lambda user: HA1,
            now=11.0,
        )
        assert verdict.outcome is Outcome.OK
        settled = answer(
            Sdp.parse(request.body),
            Capabilities(),
            address="192.0.2.9",
            port=20000,
            session_id=request.cseq.number,
        )
        response = response_to(request, 200, to_tag="a1b2c3", record_route=True)
        response.headers.set("Contact", "<sip:192.0.2.9:5060>")
        response.headers.set("Content-Type", CONTENT_TYPE)
        response.body = settled.sdp.encode()
        response.encode()


def _measure(name: str, work: Callable[[bytes], object], bench: Bench) -> None:
    rounds = []
    for _ in range(ROUNDS):
        messages = bench.messages()
        start = time.process_time()
        for data in messages:
            work(data)
        rounds.append((time.process_time() - start) / UNITS * 1e6)
    print(f"{name:<44}{min(rounds):8.1f}{statistics.median(rounds):8.1f}")


def main() -> int:
    bench = Bench()
    print(f"{'CPU µs each':<44}{'best':>8}{'middle':>8}")
    _measure("parse an INVITE", bench.parsed, bench)
    _measure("… with its key headers", bench.key_headers, bench)
    _measure("… and checked", bench.checked, bench)
    _measure("parse, digest, SDP answer, 200 written", bench.whole_unit, bench)
    return 0


if __name__ == "__main__":
    sys.exit(main())
