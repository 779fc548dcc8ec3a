"""The menu, and the log of the customer's own actions."""

import re
from dataclasses import dataclass
from typing import Self

from starlette.responses import Response

from provisioning.audit.model import Change
from provisioning.contract import Language
from provisioning.portal.freephones import of_contract
from provisioning.portal.pages import grouped
from provisioning.portal.texts import Texts
from provisioning.portal.visit import HOME, LOGIN, Visit

A_PAGE = 30

WORDLESS = frozenset({"mail address changed"})
"""Changes whose before and after read the same in every language."""


async def home(visit: Visit) -> Response:
    """The portal's address itself: on to the menu, or to the login."""
    return visit.go(HOME if visit.session is not None else LOGIN)


async def show_menu(visit: Visit) -> Response:
    """What can be done here (N050-05)."""
    customers = visit.desk.office.customers
    contract, customer = await customers.signed(visit.owner.contract)
    return visit.page(
        "menu",
        customer=customer,
        contract=contract,
        plan=customers.plans[contract.plan],
        left=max(0, contract.numbers_left),
        freephones=of_contract(visit),
    )


async def show_log(visit: Visit) -> Response:
    """What happened to the contract, newest first."""
    page = await visit.desk.office.audit.search(
        contract=visit.owner.contract, after=visit.query("before"), limit=A_PAGE
    )
    entries = [Entry.of(change, visit.t) for change in page.items]
    return visit.page("log", entries=entries, older=page.next)


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the customer reads it."""

    at: float
    what: str
    detail: str
    subject: str
    who: str
    source: str

    @classmethod
    def of(cls, change: Change, t: Texts) -> Self:
        """`change` in words of ours; one we have no words for keeps the audit's own."""
        key = f"log.what.{re.sub('[^a-z]+', '-', change.what.lower())}"
        return cls(
            at=change.business_at,
            what=t(key) if key in t else change.what,
            detail=_detail(change, t.language),
            subject=grouped(change.subject),
            who=_actor(change.who, t),
            source=_source(change.origin, t),
        )


def _detail(change: Change, language: Language) -> str:
    """What was before and after, in the audit's English; elsewhere only what has no language."""
    if language is not Language.EN and change.what not in WORDLESS:
        return ""
    return " → ".join(filter(None, (change.before, change.after)))


def _actor(who: str, t: Texts) -> str:
    """Who did it; whoever has no ID has words of ours."""
    key = f"log.by.{who.replace(' ', '-')}"
    return t(key) if key in t else who


def _source(origin: str, t: Texts) -> str:
    """From where, as a customer understands it."""
    kind, _, address = origin.partition(" from ")
    key = f"log.source.{kind.replace(' ', '-')}"
    return t(key, address=address) if key in t else origin
