"""What becomes of a record once it is rated: a charge, or nothing to pay and why. Pure.

The same function rates what was called and quotes what may be (LINK-04).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from provisioning.billing.money import Rounding, rounded
from provisioning.billing.tariff import Cause, Price, Tariff, Tax, Terms
from provisioning.contract import E164, Access, CallRecord, CarrierProfile
from provisioning.instants import in_japan

MS = 1000

RULES = {
    Cause.PLAYBACK: "VM-05",
    Cause.FORWARDING: "FWD-07",
    Cause.EXCLUDED: "LINK-02",
    Cause.DIALLER: "LINK-03",
    Cause.FREEPHONE: "FREE-01",
}
"""The rule that stands behind each cause."""


class Reason(StrEnum):
    """Why a leg costs nothing."""

    NOBODY_PAYS = "nobody-pays"
    """The called party's own leg, or a call that came from another carrier."""
    UNANSWERED = "unanswered"
    SERVICE = "service"
    """The service is free, as setting forwarding is."""
    LINK = "link"
    """An ordinary domestic call of the Link app (LINK-01)."""
    NUMBER = "number"
    """The number is free for who calls it."""
    LINE_GONE = "line-gone"
    """The line that would pay was removed before its call was rated."""
    NO_TARIFF = "no-tariff"
    """No tariff of the line's profile was in force yet."""


@dataclass(frozen=True, slots=True)
class Free:
    """Nothing is charged, and by which rule; empty where none says so but sense."""

    reason: Reason
    rule: str = ""
    number_class: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """What one leg costs its payer; everything an explanation needs, as it was when it was rated.

    Attributes:
        call_id, leg: the record's; no leg is charged twice (BILL-06).
        line: who pays, a line or a freephone number.
        destination: the number or code that was called.
        access, service: the record's. number_class: of the destination, in the tariff's words.
        cause: of a line's charge the first of the four that holds; rule: what stands behind it.
        tariff, price: names of the tariff and its row; source: where the row's price comes from.
        milliseconds: of conversation; units: the started ones of `unit_s` seconds.
        unit_sen, net_sen: before tax, hundredths of a yen; rounding: how `net_sen` was rounded.
        tax_percent: the consumption tax on the call's day; 0 for an untaxed call.
        business_at: when the call began, business time, UTC epoch seconds.
    """

    call_id: str
    leg: int
    linked_id: str
    line: E164
    called: str
    destination: str
    access: Access | None
    service: str
    number_class: str
    cause: Cause
    rule: str
    tariff: str
    price: str
    source: str
    milliseconds: int
    unit_s: int
    units: int
    unit_sen: int
    net_sen: int
    rounding: Rounding
    tax_percent: int
    business_at: float


Rated = Charge | Free
Tariffs = Callable[[CarrierProfile, date], tuple[Tariff, Tax] | None]
"""What is in force for a profile on a day in Japan."""


def rate(record: CallRecord, profile: CarrierProfile | None, tariffs: Tariffs) -> Rated:
    """What a leg costs, or why it costs nothing; total.

    Args:
        profile: of the line that pays; None when that line is gone.
    """
    if record.payer is None:
        return Free(Reason.NOBODY_PAYS, "FWD-07")
    if record.answered_at is None:
        return Free(Reason.UNANSWERED, "BILL-02")
    if profile is None:
        return Free(Reason.LINE_GONE)
    begun = in_japan(record.business_started_at)
    found = tariffs(profile, begun.date())
    if found is None:
        return Free(Reason.NO_TARIFF)
    tariff, tax = found
    terms = tariff.services.get(record.service)
    if terms is None or terms.free:
        return Free(Reason.SERVICE, terms.free if terms else "")
    return _priced(record, terms, profile, tariff, tax, begun)


def _priced(
    record: CallRecord,
    terms: Terms,
    profile: CarrierProfile,
    tariff: Tariff,
    tax: Tax,
    begun: datetime,
) -> Rated:
    number = national(record.destination or record.called)
    number_class = terms.number_class or tariff.class_of(number)
    excluded = profile.is_excluded(number)
    access = _as_charged(record.access, terms, excluded=excluded)
    price = tariff.price(number_class, access, record.service, begun)
    if price.cost is None:
        reason = Reason.LINK if price.access is Access.LINK else Reason.NUMBER
        return Free(reason, price.free, number_class, price.source)
    cause = terms.cause or _ordinary(access, excluded=excluded)
    return _charge(record, cause, number_class, price, tariff, tax)


def _as_charged(access: Access | None, terms: Terms, *, excluded: bool) -> Access | None:
    """The access whose price counts: 1417, forwarding and excluded numbers are never Link's."""
    if access is Access.LINK and (excluded or terms.cause is not None):
        return Access.OS
    return access


def _ordinary(access: Access | None, *, excluded: bool) -> Cause:
    """Of a call that Link pays for though the number is not listed: it is none of Link's, too."""
    return Cause.EXCLUDED if excluded or access is Access.LINK else Cause.DIALLER


def _charge(
    record: CallRecord, cause: Cause, number_class: str, price: Price, tariff: Tariff, tax: Tax
) -> Charge:
    assert record.payer is not None
    assert price.cost is not None
    cost = price.cost
    milliseconds = round(record.seconds * MS)
    units = started(milliseconds, cost.unit_s)
    return Charge(
        call_id=record.call_id,
        leg=record.leg,
        linked_id=record.linked_id,
        line=record.payer,
        called=record.called,
        destination=record.destination or record.called,
        access=record.access,
        service=record.service,
        number_class=number_class,
        cause=cause,
        rule=RULES[cause],
        tariff=tariff.name,
        price=price.name,
        source=price.source,
        milliseconds=milliseconds,
        unit_s=cost.unit_s,
        units=units,
        unit_sen=cost.unit_sen,
        net_sen=rounded(units * cost.unit_sen, cost.rounding),
        rounding=cost.rounding,
        tax_percent=tax.percent if cost.taxed else 0,
        business_at=record.business_started_at,
    )


def started(milliseconds: int, unit_s: int) -> int:
    """How many units an answered call has begun: the first one at once (assumption; S1)."""
    return max(1, -(-milliseconds // (unit_s * MS)))


def national(number: str) -> str:
    """A Japanese number as it is dialled at home; one abroad, or a code, as it is."""
    return "0" + number[3:] if number.startswith("+81") else number
