"""The national numbering plan: kinds, prefixes, full numbers, and where calls may be forwarded."""

from dataclasses import replace

import pytest

from ivr.numbering.plan import (
    FORWARDING_ABROAD,
    CallerIdPrefix,
    Dialled,
    Kind,
    NotForwardable,
    WhyNot,
    forwardable,
    parse,
)
from provisioning.contract import E164
from tests.support.scripted_call import DOCOMO, NTT

pytestmark = pytest.mark.rule("LINE-04")


@pytest.mark.parametrize(
    ("dialled", "kind", "e164"),
    [
        ("0312345678", Kind.FIXED, "+81312345678"),
        ("0451234567", Kind.FIXED, "+81451234567"),
        ("0997123456", Kind.FIXED, "+81997123456"),
        ("0300000003", Kind.FIXED, "+81300000003"),
        ("05012345678", Kind.IP_PHONE, "+815012345678"),
        ("06012345678", Kind.MOBILE, "+816012345678"),
        ("07012345678", Kind.MOBILE, "+817012345678"),
        ("08012345678", Kind.MOBILE, "+818012345678"),
        ("09012345678", Kind.MOBILE, "+819012345678"),
        ("0120123456", Kind.FREEPHONE, "+81120123456"),
        ("08001234567", Kind.FREEPHONE, "+818001234567"),
        ("0570123456", Kind.PREMIUM, "+81570123456"),
        ("0180123456", Kind.PREMIUM, "+81180123456"),
        ("0990123456", Kind.PREMIUM, "+81990123456"),
        ("110", Kind.EMERGENCY, None),
        ("118", Kind.EMERGENCY, None),
        ("119", Kind.EMERGENCY, None),
        ("117", Kind.SHORT, None),
        ("1417", Kind.SHORT, None),
        ("1101", Kind.SHORT, None),
        ("#7119", Kind.SHORT, None),
        ("*100", Kind.SHORT, None),
        ("000001", Kind.LAB_TEST, None),
        ("0033010123456", Kind.CARRIER_PREFIX, None),
        ("010-1-212-555-1234", Kind.INTERNATIONAL, "+12125551234"),
        ("+12125551234", Kind.INTERNATIONAL, "+12125551234"),
        ("+81-3-1234-5678", Kind.FIXED, "+81312345678"),
        ("+81120123456", Kind.FREEPHONE, "+81120123456"),
        ("+819012345678", Kind.MOBILE, "+819012345678"),
    ],
)
def test_each_kind_of_number_is_known(dialled: str, kind: Kind, e164: str | None) -> None:
    understood = parse(dialled)
    assert (understood.kind, understood.e164) == (kind, e164)


@pytest.mark.parametrize(
    "dialled",
    [
        "",
        "1",
        "11",
        "031234567",
        "03123456789",
        "0901234567",
        "090123456789",
        "0801234567",
        "0501234567",
        "012012345",
        "01201234567",
        "0800123456",
        "05701234567",
        "0200000000",
        "02012345678",
        "0101234",
        "01001234567890",
        "0101234567890123456",
        "00",
        "001",
        "00000",
        "0000001",
        "2345678",
        "0312*45678",
        "+8109012345678",
        "+81",
        "+811429",
        "+123",
        "+01234567890",
        "184",
        "1840312*5678",
    ],
)
def test_what_has_the_wrong_length_or_beginning_is_invalid(dialled: str) -> None:
    understood = parse(dialled)
    assert (understood.kind, understood.e164) == (Kind.INVALID, None)


@pytest.mark.rule("CALL-04")
@pytest.mark.parametrize("prefix", CallerIdPrefix)
@pytest.mark.parametrize(
    "number", ["0312345678", "1429", "110", "+12125551234", "+81312345678", "000001"]
)
def test_prefixes_are_stripped_first_and_remembered(prefix: CallerIdPrefix, number: str) -> None:
    assert parse(prefix.value + number) == replace(parse(number), prefix=prefix)


@pytest.mark.rule("CALL-04")
def test_only_one_prefix_is_stripped() -> None:
    assert parse("184186") == Dialled("186", Kind.SHORT, None, CallerIdPrefix.WITHHOLD)


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("0312345678", "+81312345678"),
        ("09012345678", "+819012345678"),
        ("05012345678", "+815012345678"),
    ],
)
def test_ordinary_numbers_may_be_forwarded_to(digits: str, number: str) -> None:
    assert forwardable(digits, DOCOMO) == number


@pytest.mark.rule("FWD-06")
@pytest.mark.parametrize(
    ("digits", "why"),
    [
        ("110", WhyNot.SHORT_CODE),
        ("118", WhyNot.SHORT_CODE),
        ("119", WhyNot.SHORT_CODE),
        ("117", WhyNot.SHORT_CODE),
        ("177", WhyNot.SHORT_CODE),
        ("171", WhyNot.SHORT_CODE),
        ("1417", WhyNot.SHORT_CODE),
        ("0120123456", WhyNot.FREEPHONE),
        ("08001234567", WhyNot.FREEPHONE),
        ("0570123456", WhyNot.PREMIUM),
        ("0180123456", WhyNot.PREMIUM),
        ("010121255512345", WhyNot.INTERNATIONAL),
        ("09000000001", WhyNot.OWN_LINE),
        ("000001", WhyNot.NOT_A_NUMBER),
        ("00330312345678", WhyNot.NOT_A_NUMBER),
        ("1840312345678", WhyNot.NOT_A_NUMBER),
        ("18609000000001", WhyNot.NOT_A_NUMBER),
        ("0901234567", WhyNot.NOT_A_NUMBER),
        ("", WhyNot.NOT_A_NUMBER),
    ],
)
def test_other_numbers_are_refused_for_their_reason(digits: str, why: WhyNot) -> None:
    with pytest.raises(NotForwardable) as refused:
        forwardable(digits, DOCOMO)
    assert refused.value.why is why


@pytest.mark.rule("FWD-06")
def test_a_contract_opens_numbers_abroad() -> None:
    line = replace(DOCOMO, options=frozenset({FORWARDING_ABROAD}))
    assert forwardable("01012125551234", line) == "+12125551234"


@pytest.mark.rule("FWD-06")
def test_another_line_of_the_network_is_not_the_own_one() -> None:
    assert forwardable("09000000001", NTT) == E164("+819000000001")
