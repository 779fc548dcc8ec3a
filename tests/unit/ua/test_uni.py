"""What a REGISTER at an NGN user-network interface does besides (facts §8)."""

from dataclasses import replace

from ivr.sip.message import Request, parse
from ivr.ua import uni
from ivr.ua.bindings import RegistrarLimits
from provisioning.contract import E164
from tests.support.storage import binding

HOME, OTHER = "udp:203.0.113.7:5060", "udp:203.0.113.8:5060"
A, B = "sip:a@203.0.113.7", "sip:b@203.0.113.7"


def request(to: str) -> Request:
    lines = [
        "REGISTER sip:ntt.example SIP/2.0",
        "Via: SIP/2.0/UDP 203.0.113.7;branch=z9hG4bK1",
        f"From: {to};tag=1",
        f"To: {to}",
        "Call-ID: c1",
        "CSeq: 1 REGISTER",
        "Content-Length: 0",
    ]
    read = parse("\r\n".join([*lines, "", ""]).encode())
    assert isinstance(read, Request)
    return read


def test_the_answer_names_the_routes_and_the_number_in_the_network_s_own_name() -> None:
    told = uni.granted(
        request("<sip:0312345678@ntt.example>"), E164("+81312345678"), "192.0.2.1:5060"
    )
    assert told == [
        ("Path", "<sip:192.0.2.1:5060;lr>"),
        ("Service-Route", "<sip:192.0.2.1:5060;lr>"),
        ("P-Associated-URI", "<sip:0312345678@ntt.example>"),
    ]


def test_an_unreadable_name_is_our_own() -> None:
    *_, (_, told) = uni.granted(request("<sip:"), E164("+81312345678"), "192.0.2.1:5060")
    assert told == "<sip:0312345678@192.0.2.1>"


def test_an_hour_is_granted() -> None:
    limits = uni.limits(RegistrarLimits(default_expires_s=60, min_expires_s=30, max_expires_s=7200))
    assert limits == RegistrarLimits(3600, 30, 3600)


def test_equipment_that_starts_anew_is_still_one_phone() -> None:
    old, new = replace(binding(A), flow=HOME), replace(binding(B), flow=HOME)
    beside = replace(binding("sip:c@203.0.113.8"), flow=OTHER)
    assert uni.replaced((old, beside), (old, beside, new), HOME) == (beside, new)
    assert uni.replaced((old, beside), (old, beside), HOME) == (old, beside)
    assert uni.replaced((old, beside), (beside,), HOME) == (beside,)
    assert uni.replaced((), (new,), HOME) == (new,)
