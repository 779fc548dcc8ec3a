"""The unit of work of an order: all that it makes is there together or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random, SystemRandom

from provisioning.audit.model import Note, Origin
from provisioning.audit.store import Audit
from provisioning.contract import E164, Access, Line, Profiles
from provisioning.customers import store as customers
from provisioning.customers.model import Contract, Customer
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.forwarding import store as diversions
from provisioning.instants import in_japan
from provisioning.lines.sealing import Seal
from provisioning.lines.service import Lines
from provisioning.notify.letter import LetterContent
from provisioning.notify.mails import Mails
from provisioning.notify.model import is_address
from provisioning.numbers import store as numbers
from provisioning.numbers.model import national
from provisioning.orders import model, secret, store
from provisioning.orders.model import AddedNumber, NumberOrder
from provisioning.seeds import SeedAccount


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """What orders need of the office.

    `clock` tells business time, UTC epoch seconds. `support` is the contact that a refused
    customer is told, `server` where phones register, as the letter says it. Without `mails` an
    order is not confirmed by mail.
    """

    database: Database
    lines: Lines
    profiles: Profiles
    audit: Audit
    seal: Seal = field(repr=False)
    clock: Callable[[], float]
    support: str
    server: str = ""
    mails: Mails | None = None
    dice: Random = field(default_factory=SystemRandom)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order on its way: everything that is known before its unit of work."""

    id: str
    contract: str
    count: int
    key: str = field(repr=False)
    service: Sequence[secret.ServicePassword] = field(repr=False)
    line: Sequence[str] = field(repr=False)
    origin: Origin


async def examine(
    desk: OrderDesk, connection: Connection, contract_id: str, count: int, key: str
) -> NumberOrder | None:
    """Refuse before anything is hashed; or the order that this key made before."""
    contract = await customers.contract(connection, contract_id)
    earlier = await store.by_key(connection, contract_id, key)
    if earlier is not None:
        return model.repeated(earlier, count)
    model.check_contract(contract, count, desk.support)
    return None


async def make(desk: OrderDesk, connection: Connection, wanted: Wanted) -> NumberOrder:
    """The unit of work of an order; the contract's row is locked, so its orders queue."""
    now = desk.clock()
    contract = await customers.contract(connection, wanted.contract, to_change=True)
    earlier = await store.by_key(connection, contract.id, wanted.key)
    if earlier is not None:
        return model.repeated(earlier, wanted.count)
    model.check_contract(contract, wanted.count, desk.support)
    customer = await customers.customer(connection, contract.customer)
    picked = await numbers.pick(connection, wanted.count, now=now, dice=desk.dice)
    if len(picked) < wanted.count:
        raise model.inventory_empty(wanted.count, desk.support)
    order = _order(wanted, picked, now)
    sealed = secret.close_letter(desk.seal, _content(order, contract, customer))
    await store.insert(connection, order, wanted.key, sealed)
    await _add_lines(desk, connection, order, contract, customer)
    await numbers.assign(connection, picked, contract=contract.id, order=order.id, now=now)
    hashes = zip(picked, wanted.service, strict=True)
    await store.add_service_passwords(
        connection, {n: secret.close_hash(desk.seal, n, each.hash) for n, each in hashes}
    )
    added = replace(contract, numbers_added=contract.numbers_added + wanted.count)
    await customers.update_contract(connection, added)
    await desk.audit.note_all(connection, _notes(order, contract), origin=wanted.origin)
    await _confirm(desk, connection, order, customer)
    return order


async def _confirm(
    desk: OrderDesk, connection: Connection, order: NumberOrder, customer: Customer
) -> None:
    """Tell the customer by mail which numbers came, without their passwords."""
    if desk.mails is None or not is_address(customer.mail):
        return
    added = [national(each.number) for each in order.numbers]
    to, language = customer.mail, customer.language
    await desk.mails.numbers_added(connection, to, language, order.id, order.contract, added)


async def _add_lines(
    desk: OrderDesk,
    connection: Connection,
    order: NumberOrder,
    contract: Contract,
    owner: Customer,
) -> None:
    """A line with one account for each number; its SIP user is the number as dialled."""
    lines = [
        Line(
            added.number,
            contract.profile,
            contract.location,
            kind=owner.kind,
            language=owner.language,
        )
        for added in order.numbers
    ]
    accounts = [
        SeedAccount(national(added.number), Access.OS, added.line_password or "")
        for added in order.numbers
    ]
    await desk.lines.add(connection, lines, accounts)
    ring_time_s = desk.profiles.of(contract.profile).ring_times.default
    await diversions.begin(connection, {line.number: ring_time_s for line in lines})


def _order(wanted: Wanted, picked: Sequence[E164], now: float) -> NumberOrder:
    added = tuple(
        AddedNumber(number, service.clear, line)
        for number, service, line in zip(picked, wanted.service, wanted.line, strict=True)
    )
    return NumberOrder(wanted.id, wanted.contract, wanted.count, now, added)


def _content(order: NumberOrder, contract: Contract, customer: Customer) -> LetterContent:
    day = in_japan(order.placed_at).date()
    return LetterContent(
        name=customer.name,
        postal_code=customer.postal_code,
        address=customer.address,
        contract=contract.id,
        order=order.id,
        date=day,
        numbers=[
            (national(each.number), each.service_password or "", each.line_password or "")
            for each in order.numbers
        ],
        language=customer.language,
        kind=customer.kind,
        contact=customer.contact,
    )


def _notes(order: NumberOrder, contract: Contract) -> list[Note]:
    """One note for the contract's own log, and one in the history of each number."""
    numbers = " ".join(national(each.number) for each in order.numbers)
    added = contract.numbers_added
    return [
        Note(
            order.id,
            "numbers ordered",
            f"{added} of {contract.number_cap} numbers added",
            f"{added + order.count} of {contract.number_cap} numbers added: {numbers}",
            contract.id,
        ),
        *(
            Note(each.number, "number assigned", "free", f"assigned, {contract.id}, {order.id}")
            for each in order.numbers
        ),
    ]
