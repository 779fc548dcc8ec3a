"""Session descriptions on the wire as no honest phone writes them, and what is answered."""

from collections.abc import Callable, Iterator

import pytest

from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.wire import Message, WireCall, WirePhone, token

pytestmark = [pytest.mark.interop, pytest.mark.rule("CALL-01")]

LINE = lines.WIRE


@pytest.fixture
def phone(carrier: Carrier) -> Iterator[WirePhone]:
    with WirePhone(carrier.address, LINE.number, LINE.password) as phone:
        yield phone


def offered(call: WireCall, bend: Callable[[str], str], kind: str = "application/sdp") -> Message:
    """The final response to a call whose description is bent; `kind`: what it is said to be."""
    branch = token("z9hG4bK")
    head, _, body = call.invite(branch).partition("\r\n\r\n")
    head = head.replace("application/sdp", kind)
    bent = bend(body)
    head = head.replace(f"Content-Length: {len(body)}", f"Content-Length: {len(bent.encode())}")
    call.phone.send(f"{head}\r\n\r\n{bent}")
    return call.wait_final(branch)


@pytest.mark.parametrize(
    ("host", "code"), [("224.0.0.1", "330"), ("255.255.255.255", "399"), ("0.7.7.7", "399")]
)
def test_an_address_that_lies_gets_488_and_a_warning(
    phone: WirePhone, host: str, code: str
) -> None:
    with WireCall(phone, "1429") as call:
        final = offered(call, lambda body: body.replace("c=IN IP4 127.0.0.1", f"c=IN IP4 {host}"))
        assert final.status == 488
        assert final.get("Warning").startswith(f"{code} tokuban ")


def test_a_port_of_the_carriers_own_is_not_sent_to(phone: WirePhone) -> None:
    """Whoever names the port of another call would have the two talk to each other."""
    with WireCall(phone, "1429") as first, WireCall(phone, "111") as second:
        assert first.dial().status == 200
        assert first.rtp.peer is not None
        port = first.rtp.peer[1]
        mine = f"m=audio {second.rtp.port} "
        final = offered(second, lambda body: body.replace(mine, f"m=audio {port} "))
        assert final.status == 488
        assert final.get("Warning").startswith("399 tokuban ")
        assert first.bye().status == 200


def test_the_wildcard_address_is_a_hold(phone: WirePhone) -> None:
    with WireCall(phone, "1429") as call:
        final = offered(call, lambda body: body.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"))
        assert final.status == 200
        assert b"a=recvonly" in final.body
        assert call.bye().status == 200


def test_six_bundled_streams_are_answered_one_by_one(phone: WirePhone) -> None:
    """One audio stream is taken, the others are refused in their places (RFC 3264 §6)."""
    kinds = ("video", "audio", "audio", "application", "video", "text")

    def bundled(body: str) -> str:
        session, _, audio = body.partition("m=audio ")
        port, _, rest = audio.partition(" ")
        group = "a=group:BUNDLE 0 1 2 3 4 5\r\n"
        streams = [
            f"m=audio {port} {rest}a=mid:{mid}\r\n"
            if kind == "audio"
            else f"m={kind} {port} RTP/AVP 96\r\na=mid:{mid}\r\na=bundle-only\r\n"
            for mid, kind in enumerate(kinds)
        ]
        return session + group + "".join(streams)

    with WireCall(phone, "1429") as call:
        final = offered(call, bundled)
        assert final.status == 200
        streams = [
            line.split()[:2] for line in final.body.decode().splitlines() if line[:2] == "m="
        ]
        assert [kind for kind, _ in streams] == [f"m={kind}" for kind in kinds]
        assert [port != "0" for _, port in streams] == [False, True, False, False, False, False]
        assert b"BUNDLE" not in final.body
        assert call.bye().status == 200


def parts(description: str) -> str:
    """A description behind a part of ISDN's."""
    return (
        "--cut\r\nContent-Type: application/ISUP;version=itu-t92+\r\n"
        "Content-Disposition: signal;handling=optional\r\n\r\n\x01\x10\r\n"
        f"--cut\r\nContent-Type: application/sdp\r\n\r\n{description}\r\n--cut--\r\n"
    )


def test_a_description_among_other_parts_is_found(phone: WirePhone) -> None:
    with WireCall(phone, "1429") as call:
        final = offered(call, parts, "multipart/mixed;boundary=cut")
        assert final.status == 200
        assert final.get("Content-Type") == "application/sdp"
        assert call.bye().status == 200


def test_parts_without_a_description_get_415_with_what_is_taken(phone: WirePhone) -> None:
    with WireCall(phone, "1429") as call:
        final = offered(
            call, lambda body: parts(body).replace("/sdp", "/xml"), "multipart/mixed;boundary=cut"
        )
        assert final.status == 415
        assert final.get("Accept") == "application/sdp, multipart/mixed"


def test_information_of_an_unknown_kind_is_refused_and_harms_no_call(phone: WirePhone) -> None:
    with WireCall(phone, "1429") as call:
        assert call.dial().status == 200
        for extra, status, told in (
            ([], 415, "Accept"),
            ([("Info-Package", "conference")], 469, "Recv-Info"),
        ):
            call.cseq += 1
            text = call.text("INFO", call.cseq, body="<x/>", content_type="a/xml", extra=extra)
            phone.send(text)
            answer = phone.expect(415, 469, method="INFO")
            assert answer.status == status
            assert told.lower() in {name for name, _ in answer.headers}
        assert call.info("4").status == 200
        assert call.bye().status == 200
