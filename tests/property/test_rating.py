"""Whatever is called for however long, the charge is what slow and plain counting says."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.billing.book import TariffBook
from provisioning.billing.model import Charge, Free, rate
from provisioning.billing.money import Rounding, rounded, sen_of, yen
from provisioning.billing.quoting import Question, record_of
from provisioning.billing.tariff import Cost, Price, Tariff, Tax, Terms
from provisioning.contract import Access, CallRecord, CarrierProfile, Profile
from provisioning.profiles.store import ProfileFiles
from tests.support.call_records import BEGUN, record
from tests.support.storage import RAKUTEN

BOOK = TariffBook.load()
PROFILE = ProfileFiles.load().of(Profile.RAKUTEN)

SERVICES = [
    "line", "trunk", "forwarding", "voicemail-playback", "voicemail-check", "voicemail-deposit",
    "voicemail-greeting", "forwarding-menu", "keys-test", "talkie", "",
]  # fmt: skip
NUMBERS = [
    "+81312345678", "+819012345678", "+815012345678", "+81120000003", "+81570012345",
    "+81180123456", "+12125550123", "+4930123456", "1417", "188", "171", "#9110", "110", "0033",
]  # fmt: skip

milliseconds = st.integers(0, 10 * 3_600_000)


@st.composite
def records(draw: st.DrawFn) -> CallRecord:
    """Legs of a Rakuten line of any kind."""
    answered = draw(st.booleans())
    return record(
        leg=draw(st.integers(1, 3)),
        service=draw(st.sampled_from(SERVICES)),
        destination=draw(st.sampled_from(NUMBERS)),
        access=draw(st.sampled_from([Access.OS, Access.LINK, None])),
        payer=draw(st.sampled_from([RAKUTEN, RAKUTEN, None])),
        seconds=draw(milliseconds) / 1000 if answered else 0.0,
        answered_at=BEGUN + 1.5 if answered else None,
    )


def expected(each: CallRecord) -> tuple[str, Fraction] | None:
    """The cause and the yen before tax, counted unit by unit; None where nothing is charged."""
    if each.payer is None or each.answered_at is None:
        return None
    number, cause = each.destination or "", None
    if each.service in ("voicemail-playback", "voicemail-greeting"):
        cause = "playback"
    elif each.service in ("forwarding", "voicemail-deposit"):
        cause = "forwarding"
    elif each.service not in ("line", "trunk"):
        return None
    voicemail = each.service.startswith("voicemail")
    price, unit_s = _price(number, voicemail=voicemail)
    if price is None:
        return None
    if cause is None:
        cause = _ordinary(number, each.access)
    return None if cause is None else (cause, _sum(each.seconds, price, unit_s))


def _price(number: str, *, voicemail: bool) -> tuple[int | None, int]:
    if not voicemail:
        if number.startswith("+8157"):
            return 10, 20
        if number in ("110", "0033", "+81120000003"):
            return None, 0
        if number.startswith("+1"):
            return 40, 30
        if number.startswith("+49"):
            return 150, 30
    return 20, 30


def _ordinary(number: str, access: Access | None) -> str | None:
    if number in ("1417", "188", "171", "#9110", "+81570012345", "+81180123456"):
        return "excluded"
    if access is Access.LINK:
        return "excluded" if number.startswith(("+1", "+4")) else None
    return "dialler"


def _sum(seconds: float, price: int, unit_s: int) -> Fraction:
    left, total = Fraction(round(seconds * 1000), 1000), Fraction(price)
    while left > unit_s:
        left, total = left - unit_s, total + price
    return total


@pytest.mark.rule("BILL-02")
@pytest.mark.rule("LINK-04")
@given(records())
def test_rating_is_what_plain_counting_says(each: CallRecord) -> None:
    rated = rate(each, PROFILE, BOOK.in_force)
    plain = expected(each)
    if plain is None:
        assert isinstance(rated, Free)
    else:
        assert isinstance(rated, Charge)
        assert (rated.cause.value, Fraction(rated.net_sen, 100)) == plain
        assert rated.line == each.payer


@pytest.mark.rule("BILL-02")
@given(milliseconds, st.integers(1, 3600), st.integers(0, 10**7), st.sampled_from(Rounding))
def test_units_and_roundings_hold_for_any_price(
    lasted_ms: int, unit_s: int, unit_sen: int, rounding: Rounding
) -> None:
    price = Price("any", frozenset({"other"}), "test", Cost(unit_sen, unit_s, rounding))
    tariff = Tariff("any", date.min, frozenset(Profile), {}, {"line": Terms()}, (price,))

    def only(_profile: CarrierProfile, _day: date) -> tuple[Tariff, Tax]:
        return tariff, Tax(date.min, 10)

    charge = rate(record(service="line", seconds=lasted_ms / 1000), PROFILE, only)
    assert isinstance(charge, Charge)
    exact = charge.units * unit_sen
    assert (charge.units - 1) * unit_s * 1000 <= lasted_ms <= charge.units * unit_s * 1000
    assert charge.net_sen == rounded(exact, rounding)
    assert abs(charge.net_sen - exact) < 100
    assert rounding is Rounding.EXACT or charge.net_sen % 100 == 0


@pytest.mark.rule("BILL-03")
@given(st.integers(0, 10**11 - 1), st.sampled_from([0, 3, 5, 8, 10]))
def test_money_is_exact(sen: int, percent: int) -> None:
    assert sen_of(yen(sen)) == sen
    assert Decimal(yen(sen, percent)) == Decimal(sen) * (100 + percent) / 10_000


@pytest.mark.rule("LINK-04")
@given(st.text(max_size=40), st.floats(0, 86_400), st.sampled_from(Access))
def test_a_quote_answers_whatever_is_dialled(text: str, seconds: float, access: Access) -> None:
    question = Question(RAKUTEN, text, seconds, BEGUN, access)
    assert isinstance(rate(record_of(question, PROFILE), PROFILE, BOOK.in_force), Charge | Free)
