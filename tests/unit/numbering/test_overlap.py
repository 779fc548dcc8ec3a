"""How much of a number a phone that dials digit by digit has sent."""

import pytest

from ivr.numbering.overlap import Extent, ended, extent
from provisioning.contract import CarrierProfile, Profile, RingTimes

pytestmark = pytest.mark.rule("LINE-04")

PROFILE = CarrierProfile(
    Profile.NTT,
    {"135": "menu", "1351": "start", "000001": "echo-test"},
    RingTimes(0, 120, 15),
    numbered={"1424": "forward", "1418": "ring-time"},
    digits_behind={"1418": 2},
)


@pytest.mark.rule("VM-02")
def test_a_code_that_two_digits_follow_is_whole_with_them() -> None:
    digits = ("1418", "14180", "141805", "1418055")
    expected = [Extent.INCOMPLETE, Extent.EXTENDABLE, Extent.COMPLETE, Extent.COMPLETE]
    assert [extent(each, PROFILE) for each in digits] == expected


@pytest.mark.parametrize(
    "dialled",
    [
        "0312345678",
        "09012345678",
        "05012345678",
        "0120123456",
        "08001234567",
        "0570123456",
        "1840312345678",
        "+81312345678",
        "+12125551234",
        "010" + "1" * 15,
        "110",
        "184110",
        "1351",
        "000001",
        "14240312345678",
        "1424117",
        "00330312345678",
        "0020120312345678",
        "tel:0312;phone-context=+81",
        "0312;phone-context=ims.example",
    ],
)
def test_whole_numbers(dialled: str) -> None:
    assert extent(dialled, PROFILE) is Extent.COMPLETE


@pytest.mark.parametrize("dialled", ["135", "14181", "184135"])
def test_codes_that_a_longer_one_begins_with(dialled: str) -> None:
    assert extent(dialled, PROFILE) is Extent.EXTENDABLE


@pytest.mark.parametrize(
    "dialled",
    [
        "",
        " ",
        "0",
        "02",
        "03",
        "031234567",
        "0901234567",
        "0120",
        "012",
        "0800123456",
        "00",
        "003",
        "0033",
        "00330312",
        "00201",
        "002012",
        "000",
        "00000",
        "010",
        "0101212555123",
        "1",
        "11",
        "13",
        "14",
        "142",
        "1424",
        "142403123",
        "18",
        "184",
        "1840",
        "1861",
    ],
)
def test_beginnings(dialled: str) -> None:
    assert extent(dialled, PROFILE) is Extent.INCOMPLETE


@pytest.mark.parametrize(
    "dialled",
    [
        "03123456789",
        "090123456789",
        "020",
        "0203",
        "0000001",
        "0100",
        "010" + "1" * 16,
        "+81",
        "+8131234567",
        "+1212",
        "19",
        "1352",
        "2",
        "9",
        "#",
        "*1",
        "184184",
        "alice",
        "sip:x",
        "9" * 65,
    ],
)
def test_what_no_digit_makes_a_number(dialled: str) -> None:
    assert extent(dialled, PROFILE) is Extent.IMPOSSIBLE


@pytest.mark.parametrize(
    ("dialled", "number"),
    [
        ("0101212555123#", ("0101212555123", True)),
        ("010-1212-555-123%23", ("0101212555123", True)),
        ("1840312#", ("1840312", True)),
        ("+12125551234#", ("+12125551234#", False)),
        ("135#", ("135#", False)),
        ("1424*#", ("1424*#", False)),
        ("#", ("#", False)),
        ("0312", ("0312", False)),
        ("0312#;phone-context=x", ("0312#;phone-context=x", False)),
    ],
)
def test_a_hash_ends_a_number_and_is_a_key_of_a_code(
    dialled: str, number: tuple[str, bool]
) -> None:
    assert ended(dialled) == number
