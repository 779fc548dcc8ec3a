"""Place orders, hand out letters, cancel numbers and reset their passwords.

What takes long (argon2id, setting a letter in type) is done outside the units of work.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from provisioning import passwords
from provisioning.audit.model import Origin
from provisioning.contract import E164
from provisioning.db import serials
from provisioning.db.connection import Connection
from provisioning.db.paging import Page, page_size, paged
from provisioning.instants import in_japan
from provisioning.notify import letter
from provisioning.numbers import model as number_model
from provisioning.numbers import store as numbers
from provisioning.numbers.model import NumberInput, NumberRecord, national
from provisioning.orders import letters, model, placing, secret, store
from provisioning.orders.model import LetterGone, NumberOrder, OrderInFlight
from provisioning.orders.placing import OrderDesk, Wanted

T = TypeVar("T")

HASHING_THREADS = 2
"""Orders hashed at once: 50 ms of a core each, and telephony needs the cores."""

NICENESS = 10
"""How far the hashing threads stand back when telephony wants the core."""


class Orders:
    """The orders of 050 numbers (N050-01 to N050-04, N050-06); durable before the answer."""

    def __init__(self, desk: OrderDesk) -> None:
        self._desk = desk
        self._pool = ThreadPoolExecutor(HASHING_THREADS, "argon2", initializer=_stand_back)
        self._one_at_a_time = asyncio.Lock()
        self._in_flight: set[tuple[str, str]] = set()
        self._running: set[asyncio.Task[Any]] = set()

    async def place(self, contract_id: str, count: int, *, key: str, origin: Origin) -> NumberOrder:
        """Add `count` numbers to a contract; the passwords come in the clear this once.

        The same `key` again answers the same order without its passwords. Whoever goes away
        meanwhile leaves the order to its end.

        Raises:
            BadCount, BadKey: no order can be like this.
            UnknownContract, ContractClosed: nothing can be added there.
            CapReached: the contract may not add so many.
            InventoryEmpty: fewer numbers are free.
            KeyReused: the key made an order of another count.
            OrderInFlight: the first order with this key is not done yet.
        """
        model.check(count, key)
        mark = (contract_id, key)
        if mark in self._in_flight:
            raise OrderInFlight("this order is being carried out: ask again in a moment")
        self._in_flight.add(mark)
        return await self._to_its_end(
            self._place(contract_id, count, key, origin), lambda: self._in_flight.discard(mark)
        )

    async def get(self, order_id: str) -> NumberOrder:
        """The order, without passwords; `UnknownOrder`."""
        return await self._desk.database.read(lambda connection: store.read(connection, order_id))

    async def list(
        self,
        *,
        contract: str | None = None,
        after: str = "",
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page[NumberOrder]:
        """Orders by their ids, of all contracts or of one, without passwords."""
        limit = page_size(limit)
        found = await self._desk.database.read(
            lambda connection: store.list_orders(
                connection,
                contract=contract,
                after=after,
                limit=limit + 1,
                newest_first=newest_first,
            )
        )
        return paged(found, limit, lambda order: order.id)

    async def letter(self, order_id: str, *, origin: Origin) -> bytes:
        """The letter of an order as a PDF, once: what it says is destroyed with this answer.

        Raises:
            UnknownOrder: there is no such order.
            LetterGone: the letter was handed out before.
        """
        while True:
            order, sealed = await self._desk.database.read(
                lambda connection: _letter(connection, order_id)
            )
            content = secret.open_letter(self._desk.seal, order.id, sealed, self._desk.server)
            pdf = await asyncio.to_thread(letter.render, content)
            if await self._hand_out(order, sealed, origin):
                return pdf

    async def _hand_out(self, order: NumberOrder, sealed: bytes, origin: Origin) -> bool:
        """Destroy what the letter said; False when that changed while it was set in type."""

        async def work(connection: Connection) -> bool:
            if not await store.destroy_letter(connection, order.id, sealed):
                return False
            await self._desk.audit.note(
                connection,
                order.id,
                "letter handed out",
                origin=origin,
                contract=order.contract,
            )
            return True

        return await self._desk.database.write(work)

    async def cancel(self, number: E164, *, form_reference: str, origin: Origin) -> NumberRecord:
        """End a number by a written form: its line goes, its quarantine begins (N050-06).

        Raises:
            UnknownNumber, WrongNumberState: it is nobody's.
            BadField: the form's reference cannot be kept.
        """
        reference = model.form_reference(form_reference)

        async def work(connection: Connection) -> NumberRecord:
            old = await numbers.read(connection, number, to_change=True)
            step = number_model.step(number, old.state, NumberInput.CANCELLED)
            now = self._desk.clock()
            until = number_model.quarantine_end(now)
            await numbers.quarantine(connection, number, now=now, until=until, reference=reference)
            await self._desk.lines.remove(connection, number)
            await letters.revise(self._desk, connection, old, letters.without_number)
            day = in_japan(until).date()
            await self._desk.audit.note(
                connection,
                number,
                step.do,
                before=f"{old.state}, {old.contract}, order {old.order}",
                after=f"{step.next} until {day}, form {reference}",
                origin=origin,
                contract=old.contract,
            )
            return await numbers.read(connection, number)

        return await self._desk.database.write(work)

    async def reset_line_password(self, number: E164, *, origin: Origin) -> str:
        """A new IP加入電話パスワード, shown this once; the old one and its phones count no more.

        Raises:
            UnknownNumber, WrongNumberState: it is nobody's.
        """
        (password,) = secret.line_passwords(1)

        async def change(connection: Connection) -> None:
            await self._desk.lines.set_password(connection, national(number), password)

        await self._reset(
            number, "line password reset", change, letters.without_line_password, origin
        )
        return password

    async def reset_service_password(self, number: E164, *, origin: Origin) -> str:
        """A new 付加サービスパスワード, shown this once; `UnknownNumber`, `WrongNumberState`."""
        (password,) = await secret.service_passwords(1, self._pool)
        sealed = secret.close_hash(self._desk.seal, number, password.hash)

        async def change(connection: Connection) -> None:
            await store.replace_service_password(connection, number, sealed)

        await self._reset(
            number, "service password reset", change, letters.without_service_password, origin
        )
        return password.clear

    async def service_password_fits(self, number: E164, password: str) -> bool:
        """Whether this is the number's 付加サービスパスワード."""
        sealed = await self._desk.database.read(
            lambda connection: store.service_password(connection, number)
        )
        if sealed is None:
            return False
        hash = secret.open_hash(self._desk.seal, number, sealed)
        return await passwords.fits(hash, password, self._pool)

    async def close(self) -> None:
        """Finish the orders that are being carried out."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)
        self._pool.shutdown()

    async def _place(self, contract_id: str, count: int, key: str, origin: Origin) -> NumberOrder:
        desk, database = self._desk, self._desk.database
        earlier = await database.read(lambda c: placing.examine(desk, c, contract_id, count, key))
        if earlier is not None:
            return earlier
        service = await secret.service_passwords(count, self._pool)
        line = secret.line_passwords(count)
        async with self._one_at_a_time:
            id = await database.write(
                lambda connection: serials.draw(connection, "N"), escorted=False
            )
            wanted = Wanted(id, contract_id, count, key, service, line, origin)
            return await database.write(lambda connection: placing.make(desk, connection, wanted))

    async def _reset(
        self,
        number: E164,
        what: str,
        change: Callable[[Connection], Coroutine[Any, Any, None]],
        revise_line: letters.Revise,
        origin: Origin,
    ) -> None:
        async def work(connection: Connection) -> None:
            record = await numbers.read(connection, number, to_change=True)
            if record.state is not number_model.NumberState.ASSIGNED:
                raise number_model.WrongNumberState(
                    f"{national(number)} is {record.state}: only an assigned number has passwords"
                )
            await change(connection)
            await letters.revise(self._desk, connection, record, revise_line)
            await self._desk.audit.note(
                connection, number, what, origin=origin, contract=record.contract
            )

        await self._desk.database.write(work)

    async def _to_its_end(self, work: Coroutine[Any, Any, T], done: Callable[[], None]) -> T:
        task = asyncio.create_task(work)
        self._running.add(task)

        def ended(task: asyncio.Task[T]) -> None:
            self._running.discard(task)
            done()
            if not task.cancelled():
                task.exception()  # whoever still waits has it; nobody else needs to hear of it

        task.add_done_callback(ended)
        return await asyncio.shield(task)


async def _letter(connection: Connection, order_id: str) -> tuple[NumberOrder, bytes]:
    order = await store.read(connection, order_id)
    sealed = await store.sealed_letter(connection, order_id)
    if sealed is None:
        raise _gone(order)
    return order, sealed


def _gone(order: NumberOrder) -> LetterGone:
    return LetterGone(
        f"the letter of order {order.id} was handed out: reset the passwords for new ones"
    )


def _stand_back() -> None:
    """Let telephony's thread go first; hosts that cannot do this for one thread leave it equal."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
