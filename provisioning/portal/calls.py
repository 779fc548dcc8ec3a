"""The customer's calls: what each one cost, and why (LINK-04)."""

from dataclasses import dataclass

from starlette.responses import Response

from provisioning.billing import explain
from provisioning.billing.model import Charge, Rated
from provisioning.billing.money import yen
from provisioning.contract import E164, CallRecord, Language
from provisioning.numbers.model import NumberState
from provisioning.portal.visit import Visit
from provisioning.records.store import Wanted

A_PAGE = 30

MOST_NUMBERS = 1000
"""More numbers than a contract has."""


@dataclass(frozen=True, slots=True)
class Row:
    """A call as its payer reads it; `cost` is None when it is free."""

    at: float
    line: E164
    called: str
    seconds: int
    cost: str | None
    net: str
    why: str


async def show_calls(visit: Visit) -> Response:
    """Every answered call that the contract's numbers made or forwarded, newest first."""
    office, before = visit.desk.office, visit.query("before")
    numbers = await office.numbers.list(contract=visit.owner.contract, limit=MOST_NUMBERS)
    mine = {
        each.number: each.assigned_at
        for each in numbers.items
        if each.state is NumberState.ASSIGNED and each.assigned_at is not None
    }
    if not mine:
        return visit.page("calls", calls=[], older=None)
    page = await office.records.search(
        Wanted(payers=mine), after=before if before.isdecimal() else "", limit=A_PAGE
    )
    records = [kept.record for kept in page.items]
    rated = await office.billing.why(records)
    calls = [
        _row(record, each, visit.language) for record, each in zip(records, rated, strict=True)
    ]
    return visit.page("calls", calls=calls, older=page.next)


def _row(record: CallRecord, rated: Rated, language: Language) -> Row:
    assert record.payer is not None
    charge = rated if isinstance(rated, Charge) else None
    return Row(
        at=record.business_started_at,
        line=record.payer,
        called=record.called,
        seconds=round(record.seconds),
        cost=yen(charge.net_sen, charge.tax_percent) if charge else None,
        net=yen(charge.net_sen) if charge else "",
        why=explain.told(rated, language),
    )
