"""Who signs and what is signed: customers, contracts, plans, and what their fields may hold."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from provisioning.contract import (
    ContractError,
    ContractKind,
    Geography,
    Language,
    Location,
    OutOfRange,
    Profile,
)
from provisioning.plain_text import is_plain

NUMBER_CAP = 50
"""Numbers that a contract may add over its life, unless the operator raises it (N050-01, S2)."""

MOST_NUMBERS = 100_000
"""The highest cap an operator may set (A): as many as one block holds."""

MOST_LETTERS = 200
"""The longest text of a customer's field (A); an address fits the letter's window."""

_POSTAL_CODE = re.compile(r"([0-9]{3})-?([0-9]{4})", re.ASCII)
_PHONE = re.compile(r"(?=(?:[^0-9]*[0-9]){9,15}[^0-9]*$)(?:0|\+[1-9])[0-9]*(?:-[0-9]+)*", re.ASCII)
_MAIL = re.compile(
    r"(?=.{1,254}$)(?=[^@]{1,64}@)[\w.!#$%&'*+/=?^`{|}~-]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}"
    r"[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
    re.ASCII,
)
_IDS = {"C": re.compile(r"C(?!0{8})[0-9]{8}", re.ASCII), "K": re.compile(r"K(?!0{8})[0-9]{8}")}


class UnknownCustomer(ContractError):
    """No such customer."""


class UnknownContract(ContractError):
    """No such contract."""


class UnknownPlan(ContractError):
    """No plan has this name."""


class ContractClosed(ContractError):
    """The contract has ended; nothing is added to it."""


class ContractInUse(ContractError):
    """A contract that still holds numbers cannot be closed."""


class TakenId(ContractError):
    """A customer or contract has this id already."""


class BadField(OutOfRange):
    """A value that a field cannot hold; `field` names it."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field = field


class ContractStatus(StrEnum):
    """Whether a contract runs."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """What becomes a customer; `id` is drawn unless a seed chose it."""

    kind: ContractKind
    name: str
    postal_code: str
    address: str
    phone: str
    mail: str
    contact: str = ""
    language: Language = Language.JA
    id: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerChanges:
    """What shall be different; None leaves a field as it is."""

    name: str | None = None
    postal_code: str | None = None
    address: str | None = None
    phone: str | None = None
    mail: str | None = None
    contact: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A person or company; `id` is as C00000001, `contact` whom to ask for at a company."""

    id: str
    kind: ContractKind
    name: str = field(repr=False)
    postal_code: str = field(repr=False)
    address: str = field(repr=False)
    phone: str = field(repr=False)
    mail: str = field(repr=False)
    contact: str = field(default="", repr=False)
    language: Language = Language.JA


@dataclass(frozen=True, slots=True)
class NewContract:
    """What becomes a contract; `id` is drawn unless a seed chose it."""

    customer: str
    plan: str
    profile: Profile
    location: Location
    number_cap: int = NUMBER_CAP
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """A customer's contract; `id` is as K00000001.

    `numbers_added` counts every number that was ever added: cancelling gives none back (N050-01).
    """

    id: str
    customer: str
    plan: str
    profile: Profile
    location: Location
    status: ContractStatus = ContractStatus.ACTIVE
    number_cap: int = NUMBER_CAP
    numbers_added: int = 0

    @property
    def numbers_left(self) -> int:
        """How many numbers the contract may still add."""
        return self.number_cap - self.numbers_added


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan's names and what each added number costs a month, in yen without tax (N050-07)."""

    name: str
    ja: str
    en: str
    monthly_fee_yen: int
    source: str


def customer(id: str, new: NewCustomer) -> Customer:
    """The customer with its fields as they are kept; `BadField` for one that cannot be."""
    return Customer(
        id=id,
        kind=new.kind,
        name=_text("name", new.name),
        postal_code=_postal_code(new.postal_code),
        address=_text("address", new.address),
        phone=_phone(new.phone),
        mail=mail_address(new.mail),
        contact=_text("contact", new.contact, empty=True),
        language=new.language,
    )


def changed(old: Customer, changes: CustomerChanges) -> Customer:
    """The customer after `changes`; `BadField` for a value that cannot be kept."""
    given = {f.name: getattr(changes, f.name) for f in fields(changes)}
    asked: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    new = NewCustomer(**{f.name: getattr(old, f.name) for f in fields(NewCustomer)})
    return customer(old.id, replace(new, **asked))


def difference(old: Customer, new: Customer) -> tuple[str, str]:
    """(before, after) of the fields that differ, as the audit shows them."""
    names = [f.name for f in fields(Customer) if getattr(old, f.name) != getattr(new, f.name)]
    return _words(old, names), _words(new, names)


def _words(one: Customer, names: list[str]) -> str:
    return ", ".join(f"{name} {getattr(one, name)}" for name in names)


def cap(value: int, added: int = 0) -> int:
    """A contract's cap; `BadField` below what was added already or above `MOST_NUMBERS`."""
    if not added <= value <= MOST_NUMBERS:
        raise BadField("number_cap", f"must lie between {added} and {MOST_NUMBERS}")
    return value


def given_id(letter: str, id: str) -> str:
    """An id that a seed chose; `BadField` unless it is the letter and eight digits."""
    if not _IDS[letter].fullmatch(id):
        raise BadField("id", f"must be {letter} and eight digits, as {letter}00000001")
    return id


def location(given: Location, geography: Geography) -> Location:
    """Where a contract's numbers are charged from; `BadField` for what is no place (LINE-01)."""
    where = Location(_text("ma", given.ma), _text("prefecture", given.prefecture))
    wrong = geography.misplaced(where.ma, where.prefecture)
    if wrong is not None:
        raise BadField(*wrong)
    return where


def plans(table: Mapping[str, Any]) -> dict[str, Plan]:
    """Plans by name, as `plans.toml` lists them."""
    found = {}
    for name, plan in table.items():
        fee = plan["monthly_fee_yen"]
        if type(fee) is not int or fee < 0:
            raise ValueError(f"plans.toml: {name}.monthly_fee_yen: whole yen are needed")
        found[name] = Plan(name, plan["ja"], plan["en"], fee, plan["source"])
    return found


def mail_address(value: str) -> str:
    """A mail address that SMTP can carry (RFC 5321 §4.1.2); `BadField` for any other text."""
    value = value.strip()
    if not _MAIL.fullmatch(value) or ".." in value or value.startswith(".") or ".@" in value:
        raise BadField("mail", "must be one mail address, as name@example.jp")
    return value


def _text(name: str, value: str, *, empty: bool = False) -> str:
    value = value.strip()
    if not value and not empty:
        raise BadField(name, "must not be empty")
    if len(value) > MOST_LETTERS:
        raise BadField(name, f"must not be longer than {MOST_LETTERS} characters")
    if not is_plain(value):
        raise BadField(name, "must be plain text on one line, without control characters")
    return value


def _postal_code(value: str) -> str:
    parts = _POSTAL_CODE.fullmatch(value.strip())
    if parts is None:
        raise BadField("postal_code", "must be seven digits, as 100-0001")
    return f"{parts[1]}-{parts[2]}"


def _phone(value: str) -> str:
    value = value.strip()
    if len(value) > 20 or not _PHONE.fullmatch(value):
        raise BadField("phone", "must be a telephone number, as 03-1234-5678")
    return value
