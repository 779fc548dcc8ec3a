"""What an order may ask, what it answers, and why it is refused (N050-01 to N050-04)."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from provisioning.contract import E164, ContractError, OutOfRange
from provisioning.customers.model import BadField, Contract, ContractClosed, ContractStatus

MOST_PER_ORDER = 50
"""Numbers added by one order at most (N050-01, S2)."""

SERVICE_PASSWORD_DIGITS = 4
"""付加サービスパスワード: keyed on a telephone (A)."""

LINE_PASSWORD_LENGTH = 12
"""IP加入電話パスワード: unmistakable letters and digits, 71 bits (A)."""

_KEY = re.compile(r"[\x20-\x7e]{1,200}")
_REFERENCE = re.compile(r"\S(?:.{0,98}\S)?")


class BadCount(OutOfRange):
    """An order adds 1 to 50 numbers."""


class BadKey(OutOfRange):
    """The key of an order cannot be kept."""


class CapReached(ContractError):
    """More numbers than the contract may still add; `left` says how many it may."""

    def __init__(self, message: str, *, left: int) -> None:
        super().__init__(message)
        self.left = left


class InventoryEmpty(ContractError):
    """Fewer numbers are free than were asked for."""


class KeyReused(ContractError):
    """The key belongs to an order of another count."""


class OrderInFlight(ContractError):
    """The first request with this key is being carried out."""


class UnknownOrder(ContractError):
    """No such order."""


class LetterGone(ContractError):
    """The letter was handed out; passwords can only be reset now."""


class LetterState(StrEnum):
    """Whether the letter waits, or was handed out and destroyed."""

    READY = "ready"
    HANDED_OUT = "handed-out"


@dataclass(frozen=True, slots=True)
class AddedNumber:
    """A number of an order; its passwords are None once they were shown (N050-04)."""

    number: E164
    service_password: str | None = field(default=None, repr=False)
    line_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class NumberOrder:
    """An order that was carried out; `id` is as N00000001, `placed_at` business time."""

    id: str
    contract: str
    count: int
    placed_at: float
    numbers: tuple[AddedNumber, ...]
    letter: LetterState = LetterState.READY


def check(count: int, key: str) -> None:
    """Refuse a count or key that no order can have: `BadCount`, `BadKey`."""
    if not 1 <= count <= MOST_PER_ORDER:
        raise BadCount(f"an order adds 1 to {MOST_PER_ORDER} numbers, not {count}")
    if not _KEY.fullmatch(key):
        raise BadKey("the key of an order is 1 to 200 printable ASCII characters")


def check_contract(contract: Contract, count: int, support: str) -> None:
    """Refuse what the contract does not allow: `ContractClosed`, `CapReached`.

    `support`: the contact that a customer is told.
    """
    if contract.status is ContractStatus.CLOSED:
        raise ContractClosed(f"contract {contract.id} is closed; ask {support}")
    if count > contract.numbers_left:
        raise CapReached(
            f"contract {contract.id} may add {contract.numbers_left} more of its "
            f"{contract.number_cap} numbers, not {count}; ask {support}",
            left=contract.numbers_left,
        )


def inventory_empty(count: int, support: str) -> InventoryEmpty:
    """The refusal of an order for which too few numbers are free."""
    return InventoryEmpty(f"fewer than {count} numbers are free now; ask {support}")


def repeated(order: NumberOrder, count: int) -> NumberOrder:
    """The answer to the key of an order that was made before; `KeyReused` for another count."""
    if order.count != count:
        raise KeyReused(
            f"this key ordered {order.count} numbers before (order {order.id}): "
            "take a fresh key for another order"
        )
    return order


def form_reference(text: str) -> str:
    """The reference of a written form (N050-06); `BadField` for one that cannot be kept."""
    reference = text.strip()
    if not _REFERENCE.fullmatch(reference) or not reference.isprintable():
        raise BadField("form_reference", "must be 1 to 100 characters on one line")
    return reference
