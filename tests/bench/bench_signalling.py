"""CPU of the signalling core alone: microseconds a call through one endpoint, no sockets.

Run as `python -m tests.bench.bench_signalling [calls]`. A call is INVITE, 180, 200, ACK, BYE and
its 200 as the callee sees them: parsing, transactions, dialog, timers and encoding included.
"""

from __future__ import annotations

import gc
import sys
from itertools import count
from time import process_time

from ivr.sip.endpoint import Endpoint
from ivr.sip.events import CallReceived, Flow
from ivr.sip.settings import EndpointSettings

FLOW = Flow("UDP", ("192.0.2.2", 5060), ("192.0.2.1", 5060))
SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
)


def message(method: str, number: int, cseq: int, to_tag: str, body: str = "") -> bytes:
    """A request as SIPp would write it."""
    tag = f";tag={to_tag}" if to_tag else ""
    content = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} sip:1429@192.0.2.2:5060 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-{number}-{method}\r\n"
        f"From: sipp <sip:sipp@192.0.2.1:5060>;tag={number}\r\n"
        f"To: 1429 <sip:1429@192.0.2.2:5060>{tag}\r\n"
        f"Call-ID: {number}@192.0.2.1\r\nCSeq: {cseq} {method}\r\n"
        f"Contact: <sip:sipp@192.0.2.1:5060>\r\nMax-Forwards: 70\r\n"
        f"{content}Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def one_call(endpoint: Endpoint, number: int, now: float) -> None:
    """From INVITE to the 200 for BYE."""
    endpoint.receive(message("INVITE", number, 1, "", SDP), FLOW, now)
    (event,) = endpoint.take_events()
    assert isinstance(event, CallReceived)
    session = event.session
    session.ringing(now)
    session.answer(SDP.encode(), now)
    endpoint.receive(message("ACK", number, 1, session.id), FLOW, now)
    endpoint.receive(message("BYE", number, 2, session.id), FLOW, now)
    endpoint.handle_timers(now)
    endpoint.next_deadline()
    endpoint.take_events()
    endpoint.take_transmits()


def bench(calls: int) -> float:
    """Microseconds of CPU a call at 1000 calls a virtual second."""
    numbers = count(1)
    endpoint = Endpoint(EndpointSettings(), lambda: f"{next(numbers):016x}", lambda: 0.5)
    started = process_time()
    for number in range(calls):
        one_call(endpoint, number, number / 1000)
    spent = process_time() - started
    endpoint.handle_timers(calls / 1000 + 100)
    assert endpoint.census() == (0, 0, 0, 0)
    return spent / calls * 1e6


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    bench(500)
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)  # as the running carrier does, see lab.limits
    print(f"signalling: {bench(calls):.1f} µs CPU a call ({calls} calls, requests made included)")


if __name__ == "__main__":
    main()
