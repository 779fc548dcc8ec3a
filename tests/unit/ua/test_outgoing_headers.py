"""What a called party reads of caller and diverters; a withheld number stands nowhere (CALL-04)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.call.party import Diverted, Presented, Target
from ivr.sip.diverted import read
from ivr.sip.headers import Headers
from ivr.sip.values import NameAddr
from ivr.ua.outgoing_headers import Identities, Reader, identities
from provisioning.contract import E164, Condition

CALLER = E164("+819000000001")
PHONE = Reader("192.0.2.1")
TRUNK = Reader("192.0.2.1", trunk=True)
TRUSTED = Reader("192.0.2.1", trunk=True, trusted=True)
REASONS = ("Anonymous", "Unavailable", "Interaction with other service", "Coin line/payphone")

numbers = st.from_regex(r"\+81[1-9]0[0-9]{8}", fullmatch=True).map(E164)
readers = st.builds(Reader, st.just("192.0.2.1"), st.booleans(), st.booleans(), st.booleans())


def target(presented: Presented, *diversions: Diverted) -> Target:
    return Target("09000000002", presented=presented, asserted=CALLER, diversions=diversions)


def header(told: Identities, name: str) -> list[str]:
    return [value for key, value in told.headers if key == name]


def text(told: Identities) -> str:
    return "\n".join((told.from_, told.to, *(f"{name}: {value}" for name, value in told.headers)))


@pytest.mark.rule("CALL-04")
@pytest.mark.parametrize("reason", REASONS)
def test_a_phone_sees_why_there_is_no_number(reason: str) -> None:
    told = identities(target(Presented(None, reason)), PHONE)
    shown = NameAddr.parse(told.from_)
    assert (shown.display, shown.address) == (reason, "sip:anonymous@anonymous.invalid")
    assert header(told, "Privacy") == ["id"]
    assert header(told, "P-Asserted-Identity") == []
    assert "9000000001" not in text(told)


@pytest.mark.rule("CALL-04")
def test_a_phone_sees_a_domestic_number_as_it_is_dialled() -> None:
    told = identities(target(Presented(CALLER)), PHONE)
    assert told.from_ == "<sip:09000000001@192.0.2.1;user=phone>"
    assert told.to == "<sip:09000000002@192.0.2.1>"
    assert told.headers == ()


def test_a_number_abroad_keeps_its_plus() -> None:
    told = identities(target(Presented(E164("+15551234567"))), PHONE)
    assert told.from_ == "<sip:+15551234567@192.0.2.1;user=phone>"


@pytest.mark.rule("CALL-04")
def test_the_trust_domain_keeps_the_true_caller() -> None:
    told = identities(target(Presented(None, "Anonymous")), TRUSTED)
    assert header(told, "P-Asserted-Identity") == ["<sip:+819000000001@192.0.2.1;user=phone>"]
    assert header(told, "Privacy") == ["id"]
    assert "9000000001" not in told.from_


@pytest.mark.rule("CALL-04")
def test_a_trunk_outside_of_it_learns_what_a_phone_does() -> None:
    told = identities(target(Presented(None, "Anonymous")), TRUNK)
    assert "9000000001" not in text(told)


@pytest.mark.rule("FWD-08")
def test_the_destination_sees_who_forwarded_and_why() -> None:
    first = Diverted(E164("+819000000003"), Condition.CFNR)
    second = Diverted(E164("+819000000004"), Condition.CFU)
    told = identities(target(Presented(CALLER), first, second), PHONE)
    diverters = read(Headers(list(told.headers)))
    assert [each.address.user for each in diverters] == ["09000000003", "09000000004"]
    assert [int(each.cause) for each in diverters] == [408, 302]


@pytest.mark.rule("FWD-08")
def test_a_forwarder_who_withholds_is_told_to_the_trust_domain_alone() -> None:
    forwarder = Diverted(E164("+819000000003"), Condition.CFB, withheld=True)
    asked = target(Presented(CALLER), forwarder)
    assert "9000000003" not in text(identities(asked, PHONE))
    assert "9000000003" not in text(identities(asked, TRUNK))
    trusted = identities(asked, TRUSTED)
    assert "+819000000003" in text(trusted)
    assert "privacy=full" in header(trusted, "Diversion")[0]


def test_the_dialled_number_is_told_to_who_asks() -> None:
    told = identities(target(Presented(CALLER)), Reader("192.0.2.1", called_party_id=True))
    assert header(told, "P-Called-Party-ID") == ["<sip:09000000002@192.0.2.1>"]


@given(numbers, st.lists(st.tuples(numbers, st.booleans()), max_size=5), readers)
def test_no_withheld_number_leaks(
    caller: E164, forwarders: list[tuple[E164, bool]], reader: Reader
) -> None:
    diversions = tuple(
        Diverted(number, Condition.CFNR, withheld) for number, withheld in forwarders
    )
    asked = Target(
        "0312345678",
        presented=Presented(None, "Anonymous"),
        asserted=caller,
        diversions=diversions,
    )
    hidden = {caller, *(number for number, withheld in forwarders if withheld)}
    shown = {number for number, withheld in forwarders if not withheld}
    told = text(identities(asked, reader))
    digits = set(re.findall(r"[0-9]{10,}", told))
    assert not any(c in told for c in "\r\0")
    if not reader.trusted:
        assert not any(each.endswith(number[3:]) for number in hidden - shown for each in digits)
