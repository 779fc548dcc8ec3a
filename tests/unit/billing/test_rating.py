"""What becomes of a record: every cause and every reason, by rule."""

from datetime import UTC, datetime

import pytest

from provisioning.billing.book import TariffBook
from provisioning.billing.explain import asked
from provisioning.billing.model import Charge, Free, Reason, rate
from provisioning.billing.money import yen
from provisioning.billing.quoting import Question, record_of, split
from provisioning.billing.tariff import OF_LINES, Cause
from provisioning.contract import E164, Access, CallRecord, Profile
from provisioning.profiles.store import ProfileFiles
from tests.support.call_records import BEGUN, record
from tests.support.storage import AU, DOCOMO, RAKUTEN

BOOK = TariffBook.load()
PROFILES = ProfileFiles.load()
LINK, OS = Access.LINK, Access.OS


def call(destination: str = "+81312345678", seconds: float = 30.0, **changes: object) -> CallRecord:
    """A call of a Rakuten line by its own dialler, as it was recorded."""
    ended = BEGUN + 1.5 + seconds
    plain = record(destination=destination, seconds=seconds, ended_at=ended, service="line")
    plain = plain._replace(payer=RAKUTEN, line=RAKUTEN, access=OS)
    return plain._replace(**changes)  # type: ignore[arg-type]


def rated(record: CallRecord, profile: Profile = Profile.RAKUTEN) -> Charge | Free:
    return rate(record, PROFILES.of(profile), BOOK.in_force)


def charged(record: CallRecord, profile: Profile = Profile.RAKUTEN) -> Charge:
    found = rated(record, profile)
    assert isinstance(found, Charge), found
    return found


def free(record: CallRecord, profile: Profile = Profile.RAKUTEN) -> Free:
    found = rated(record, profile)
    assert isinstance(found, Free), found
    return found


@pytest.mark.rule("BILL-02")
@pytest.mark.parametrize(
    ("seconds", "units", "without", "with_tax"),
    [
        (0.0, 1, "20", "22"),
        (0.001, 1, "20", "22"),
        (29.999, 1, "20", "22"),
        (30.0, 1, "20", "22"),
        (30.001, 2, "40", "44"),
        (90.0, 3, "60", "66"),
        (3600.0, 120, "2400", "2640"),
    ],
)
def test_a_started_unit_counts(seconds: float, units: int, without: str, with_tax: str) -> None:
    charge = charged(call(seconds=seconds))
    assert (charge.units, yen(charge.net_sen)) == (units, without)
    assert yen(charge.net_sen, charge.tax_percent) == with_tax
    assert (charge.unit_s, charge.rounding, charge.price) == (30, "exact", "domestic")


@pytest.mark.rule("LINK-03")
@pytest.mark.parametrize("destination", ["+81312345678", "+819012345678", "+815012345678"])
def test_the_phone_s_own_dialler_is_charged(destination: str) -> None:
    charge = charged(call(destination))
    assert (charge.cause, charge.rule, charge.line) == (Cause.DIALLER, "LINK-03", RAKUTEN)


@pytest.mark.rule("LINK-01")
@pytest.mark.parametrize("destination", ["+81312345678", "+819012345678", "+815012345678"])
def test_link_calls_at_home_for_free(destination: str) -> None:
    found = free(call(destination, access=LINK))
    assert (found.reason, found.rule) == (Reason.LINK, "LINK-01")


@pytest.mark.rule("LINK-02")
@pytest.mark.parametrize("access", [LINK, OS])
@pytest.mark.parametrize("destination", ["+81570012345", "+81180123456", "188", "#9110", "171"])
def test_excluded_numbers_are_charged_from_either(destination: str, access: Access) -> None:
    charge = charged(call(destination, access=access))
    assert (charge.cause, charge.rule) == (Cause.EXCLUDED, "LINK-02")


@pytest.mark.rule("LINK-02")
def test_a_carrier_without_link_excludes_nothing() -> None:
    charge = charged(call("+81570012345"), Profile.DOCOMO)
    assert (charge.cause, charge.price) == (Cause.DIALLER, "navi-dial")


@pytest.mark.rule("LINK-02")
def test_a_call_abroad_is_none_of_link_s_and_untaxed() -> None:
    charge = charged(call("+12125550123", access=LINK))
    assert (charge.cause, charge.price, charge.tax_percent) == (
        Cause.EXCLUDED,
        "north-america",
        0,
    )
    assert charged(call("+886212345678")).price == "east-asia"
    assert charged(call("+4930123456")).price == "abroad"


@pytest.mark.rule("VM-05")
@pytest.mark.parametrize("access", [LINK, OS])
@pytest.mark.parametrize("service", ["voicemail-playback", "voicemail-greeting"])
def test_1417_is_charged_from_link_as_from_os(service: str, access: Access) -> None:
    charge = charged(call("1417", access=access, service=service))
    assert (charge.cause, charge.rule, yen(charge.net_sen)) == (Cause.PLAYBACK, "VM-05", "20")
    assert charge.access is access


@pytest.mark.rule("VM-05")
@pytest.mark.rule("LINK-03")
@pytest.mark.parametrize("access", [LINK, OS])
@pytest.mark.parametrize("dialled", ["141709000000001", "+815009991418"])
def test_a_box_heard_from_another_phone_is_charged_alike(dialled: str, access: Access) -> None:
    charge = charged(call(dialled, access=access, service="voicemail-remote"))
    assert (charge.cause, charge.rule, yen(charge.net_sen)) == (Cause.PLAYBACK, "VM-05", "20")


@pytest.mark.rule("VM-05")
def test_an_empty_box_is_free() -> None:
    found = free(call("1417", access=LINK, service="voicemail-check"))
    assert (found.reason, found.rule) == (Reason.SERVICE, "VM-05")


@pytest.mark.rule("FWD-07")
@pytest.mark.parametrize("service", ["forwarding", "voicemail-deposit"])
@pytest.mark.parametrize("access", [None, LINK, OS])
def test_a_forwarded_leg_is_the_forwarder_s(service: str, access: Access | None) -> None:
    leg = call(leg=2, calling=AU, payer=DOCOMO, line=DOCOMO, service=service, access=access)
    charge = charged(leg, Profile.DOCOMO)
    assert (charge.cause, charge.rule, charge.line) == (Cause.FORWARDING, "FWD-07", DOCOMO)


@pytest.mark.rule("LINK-04")
def test_of_several_causes_the_first_counts() -> None:
    assert charged(call("1417", service="voicemail-playback")).cause is Cause.PLAYBACK
    assert charged(call("+81570012345", service="forwarding")).cause is Cause.FORWARDING
    assert charged(call("+81570012345")).cause is Cause.EXCLUDED
    assert list(OF_LINES) == [Cause.PLAYBACK, Cause.FORWARDING, Cause.EXCLUDED, Cause.DIALLER]


@pytest.mark.rule("FWD-07")
def test_only_an_answered_leg_is_charged() -> None:
    unanswered = call(answered_at=None, business_answered_at=None, seconds=0.0)
    assert free(unanswered).reason is Reason.UNANSWERED


@pytest.mark.rule("FWD-01")
@pytest.mark.parametrize("service", ["forwarding-menu", "forwarding-start", "forwarding-stop"])
def test_setting_up_is_free(service: str) -> None:
    found = free(call("1429", service=service), Profile.DOCOMO)
    assert (found.reason, found.rule) == (Reason.SERVICE, "FWD-01")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"payer": None}, Reason.NOBODY_PAYS),
        ({"service": "keys-test"}, Reason.SERVICE),
        ({"destination": "+81120000003"}, Reason.NUMBER),
        ({"business_started_at": 0.0}, Reason.NO_TARIFF),
    ],
)
def test_what_else_is_free(changes: dict[str, object], reason: Reason) -> None:
    assert free(call()._replace(**changes)).reason is reason  # type: ignore[arg-type]


def test_nobody_is_charged_for_a_line_that_is_gone() -> None:
    assert rate(call(), None, BOOK.in_force) == Free(Reason.LINE_GONE)


@pytest.mark.rule("BILL-03")
def test_the_tax_is_that_of_the_day_in_japan() -> None:
    def percent(begun: str) -> int:
        at = datetime.fromisoformat(f"{begun}+09:00").timestamp()
        return charged(call(business_started_at=at)).tax_percent

    assert percent("2014-03-31T23:59:59") == 5
    assert percent("2014-04-01T00:00:00") == 8
    assert percent("2019-09-30T23:59:59") == 8
    assert percent("2019-10-01T00:00:00") == 10


@pytest.mark.rule("BILL-03")
def test_amounts_are_exact() -> None:
    assert yen(850) == "8.5"
    assert yen(805, 10) == "8.855"
    assert yen(0) == "0"
    assert yen(2000, 8) == "21.6"


@pytest.mark.rule("LINK-04")
@pytest.mark.parametrize(
    ("dialled", "access", "cost"),
    [
        ("090-1234-5678", LINK, Reason.LINK),
        ("184 03 1234 5678", OS, "80"),
        ("+81312345678", OS, "80"),
        ("0570-012345", LINK, "50"),
        ("010 1 212 555 0123", OS, "160"),
        ("0120000003", OS, Reason.NUMBER),
        ("000003", OS, Reason.SERVICE),
        ("110", OS, Reason.NUMBER),
    ],
)
def test_a_quote_is_the_same_function(dialled: str, access: Access, cost: str) -> None:
    question = Question(RAKUTEN, dialled, 100.0, BEGUN, access)
    found = rated(record_of(question, PROFILES.of(Profile.RAKUTEN)))
    if isinstance(found, Charge):
        assert yen(found.net_sen) == cost
    else:
        assert found.reason == cost


def test_a_dialled_number_is_read_as_the_network_reads_it() -> None:
    assert split("184090-0000-0001") == ("184", "09000000001")
    assert split("186+819000000001") == ("186", "09000000001")
    assert split("0101212555") == ("", "+1212555")
    assert split("+44 20 7946 0000") == ("", "+442079460000")


def test_instants_are_business_time() -> None:
    begun = datetime(2026, 7, 25, tzinfo=UTC).timestamp()
    assert charged(call(business_started_at=begun)).business_at == begun


@pytest.mark.rule("FREE-01")
def test_a_freephone_call_is_the_subscriber_s() -> None:
    number = E164("+81120000003")
    made = call(number, 181.0, payer=number, service="freephone")
    charge = charged(made, Profile.NTT)
    assert (charge.cause, charge.rule, charge.line) == (Cause.FREEPHONE, "FREE-01", number)
    assert (charge.units, charge.unit_s, yen(charge.net_sen)) == (2, 180, "16")
    assert [each.cause for each in asked(charge)] == [Cause.FREEPHONE]
