"""Who a request says is calling (RFC 3323, RFC 3325): what is read, and what is no number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.sip import identity
from ivr.sip.identity import Claim
from ivr.sip.message import Request, parse

ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'


def invite(*fields: str, sender: str = "<sip:0312345678@other.example>;tag=1") -> Request:
    lines = [
        "INVITE sip:0612345678@tokuban SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1",
        f"From: {sender}",
        "To: <sip:0612345678@tokuban>",
        "Call-ID: c1",
        "CSeq: 1 INVITE",
        *fields,
    ]
    request = parse("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode("utf-8", "replace"))
    assert isinstance(request, Request)
    return request


def pai(*values: str) -> tuple[str, ...]:
    return tuple(f"P-Asserted-Identity: {value}" for value in values)


@pytest.mark.parametrize(
    ("sender", "number"),
    [
        ("<sip:0312345678@x>;tag=1", "0312345678"),
        ('"A, B" <sip:+81-3-1234-5678@x;user=phone>;tag=1', "+81312345678"),
        ("<tel:+81-3-1234-5678>;tag=1", "+81312345678"),
        ("<tel:0312345678;phone-context=+81>;tag=1", "0312345678"),
        ("<tel:2125550100;phone-context=+1>;tag=1", "+12125550100"),
        ("<sip:0312345678;phone-context=tokuban.example@x>;tag=1", "0312345678"),
        ("<sip:0312345678;isub=12@x>;tag=1", "0312345678"),
        ("sip:0312345678@x;tag=1", "0312345678"),
        ("<sip:alice@x>;tag=1", None),
        ("<sip:*21@x>;tag=1", None),
        ("<sip:x>;tag=1", None),
        ("<mailto:0312345678@x>;tag=1", None),
        (f"<sip:{'9' * 21}@x>;tag=1", None),
        (ANONYMOUS, None),
    ],
)
def test_the_number_of_from(sender: str, number: str | None) -> None:
    assert identity.stated(invite(sender=sender)).number == number


@pytest.mark.parametrize(
    ("fields", "number"),
    [
        ((), "0312345678"),
        (pai("<sip:+81612345678@x>"), "+81612345678"),
        (pai("<sip:+81612345678@x>, <tel:+81612345679>"), "+81612345678"),
        (pai("<sip:alice@x>", "<tel:+81612345679>"), "+81612345679"),
        (pai("<sip:alice@x>"), "0312345678"),
        (pai("<sip:"), "0312345678"),
        (pai('"open <sip:1@x>'), "0312345678"),
        (pai(""), "0312345678"),
    ],
)
def test_a_trusted_network_s_word_comes_before_from(
    fields: tuple[str, ...], number: str | None
) -> None:
    request = invite(*fields)
    assert identity.asserted(request).number == number
    assert identity.stated(request).number == "0312345678"


@pytest.mark.parametrize(
    ("fields", "sender", "withheld"),
    [
        ((), "<sip:0312345678@x>;tag=1", False),
        ((), ANONYMOUS, True),
        ((), "<sip:Anonymous@x>;tag=1", True),
        (("Privacy: id",), "<sip:0312345678@x>;tag=1", True),
        (("Privacy: ID;critical",), "<sip:0312345678@x>;tag=1", True),
        (("Privacy: header", "Privacy: user"), "<sip:0312345678@x>;tag=1", True),
        (("Privacy: session",), "<sip:0312345678@x>;tag=1", False),
        (("Privacy: none",), ANONYMOUS, False),
        (("Privacy: id;none",), "<sip:0312345678@x>;tag=1", False),
        (("Privacy:",), "<sip:0312345678@x>;tag=1", False),
    ],
)
@pytest.mark.rule("CALL-04")
def test_who_asks_not_to_be_shown(fields: tuple[str, ...], sender: str, withheld: bool) -> None:
    assert identity.withholds(invite(*fields, sender=sender)) is withheld
    assert identity.asserted(invite(*fields, sender=sender)).withheld is withheld


def test_a_withheld_number_stays_known() -> None:
    request = invite("Privacy: id", *pai("<tel:+81312345678>"), sender=ANONYMOUS)
    expected = Claim("+81312345678", True, "Anonymous", ("+81312345678",))
    assert identity.asserted(request) == expected
    assert identity.stated(request) == Claim(None, True, "Anonymous")


def test_a_phone_s_own_word_counts_for_its_own_numbers_alone() -> None:
    own = ("0312345678", "+81312345678")
    wanted = "P-Preferred-Identity: <sip:0312345678@x>"
    foreign = "P-Preferred-Identity: <sip:0699999999@x>"
    forged = "<sip:0699999999@x>;tag=1"
    assert identity.identified(invite(wanted, sender=forged), own).number == "0312345678"
    assert identity.identified(invite(foreign), own).number is None
    assert identity.identified(invite(sender=forged), own).number is None
    assert identity.identified(invite(*pai("<tel:0312345678>"), sender=forged), own).number is None


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=30))
def test_no_header_makes_it_fail(sender: str, asserted: str, privacy: str) -> None:
    lines = [each.replace("\r", "").replace("\n", "") for each in (sender, asserted, privacy)]
    fields = (f"P-Asserted-Identity: {lines[1]}", f"Privacy: {lines[2]}")
    whole = invite(*fields)
    whole.headers.set("From", lines[0])
    for read in (identity.asserted, identity.preferred, identity.stated):
        claim = read(whole)
        assert claim.number is None or claim.number.removeprefix("+").isdigit()
    assert identity.withholds(whole) in (True, False)
