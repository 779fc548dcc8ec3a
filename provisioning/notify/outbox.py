"""The outbox: mails kept with the change they tell of, and delivered once whatever happens.

SMTP has no transaction over both sides: between a server's "taken" and our row that says so
anything may end, and nobody can tell afterwards whether the mail went (RFC 1047). So the row says
that a mail is being handed over before it is. What is found in that state later was in doubt: it
is held, said so in the log and shown, and never sent again by itself. Only toward a server that
knows a repeated Message-ID (the laboratory's own catcher) it is sent again: there, too, it
arrives once. A server that answers late is waited for as long as RFC 5321 asks.
"""

import asyncio
import logging
import math
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from provisioning.contract import ContractError, StorageUnavailable
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database, once_durable
from provisioning.notify import store
from provisioning.notify.address import Sender
from provisioning.notify.message import OWN_DOMAIN, packed, unpacked, written
from provisioning.notify.model import Event, Mail, MailState, Patience
from provisioning.notify.smtp import Postman, Refused, RefusedNow, Session, Silence, Unreachable
from provisioning.notify.store import Kept

log = logging.getLogger("tokuban.mail")

POLL_S = 60.0
"""How often is looked for mails that another process left behind."""

STORAGE_RETRY_S = 5.0
DOUBT_AFTER_S = 900.0
"""A hand-over that began longer ago has no process that still waits for its end."""

MOST_A_ROUND = 100

CANCEL_AGAIN_S = 0.2
"""A cancellation may be lost: `asyncio.wait_for` before Python 3.12, which the SMTP library uses,
takes it for nothing when the answer came in the same turn of the loop."""

KEPT_S = 90 * 86_400.0
"""How long it stays known that a mail of an occasion went or failed (assumption: a quarter)."""

FORGETS_EVERY_S = 3600.0


class UnknownMail(ContractError):
    """There is no such mail, or it is not in a state that allows this."""


class Sealer(Protocol):
    """Keeps the bodies at rest; the key is not in the database."""

    def close_bytes(self, owner: str, data: bytes) -> bytes: ...
    def open_bytes(self, owner: str, sealed: bytes) -> bytes: ...


class Outbox:
    """Keeps mails and delivers them; one task works through what is due."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        wall: Callable[[], float],
        *,
        patience: Patience | None = None,
        new_id: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._database, self._sealer, self._wall = database, sealer, wall
        self._patience, self._new_id = patience or Patience(), new_id
        self._delivery: _Delivery | None = None
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._round = asyncio.Lock()

    async def add(self, connection: Connection, mail: Mail, *, key: str) -> None:
        """Keep `mail` in the unit of work of `connection`; it goes once that is durable.

        `key` names the occasion, as `order N00000001`: a second mail for it is not kept.
        """
        message_id = f"<{self._new_id()}@{OWN_DOMAIN}>"
        now = self._wall()
        is_new = await store.insert(
            connection,
            occasion=key,
            message_id=message_id,
            recipient=mail.to,
            sealed=self._sealer.close_bytes(message_id, packed(mail)),
            created_at=now,
            due_at=now,
            changed_at=now,
        )
        if is_new:
            once_durable(connection, self._wake.set)

    async def send(self, mail: Mail, *, key: str) -> None:
        """Keep `mail` in a unit of work of its own."""
        await self._database.write(lambda connection: self.add(connection, mail, key=key))

    def start(self, postman: Postman, sender: Sender, *, knows_repeats: bool = False) -> None:
        """Deliver by `postman` from now on.

        `knows_repeats`: the server takes a second mail of the same Message-ID for the first.
        """
        if self._task is not None:
            raise RuntimeError("the outbox delivers already")
        self._delivery = _Delivery(self, postman, sender, knows_repeats)
        self._task = asyncio.create_task(self._run(self._delivery), name="outbox")

    def be_patient(self, patience: Patience) -> None:
        """Try again after these delays; before `start`."""
        self._patience = patience

    async def stop(self, grace_s: float = 5.0) -> None:
        """End; a mail that is being handed over has `grace_s` seconds to get through."""
        task, self._task = self._task, None
        if task is None or self._delivery is None:
            return
        if self._delivery.is_handing_over:
            await asyncio.wait([task], timeout=grace_s)
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_AGAIN_S)

    def resume(self) -> None:
        """Deliver again after `stop`, with nothing known of the mails before it."""
        known = self._delivery
        if known is not None and self._task is None:
            self.start(known._postman, known._sender, knows_repeats=known._knows_repeats)

    async def doubt(self, connection: Connection) -> None:
        """Of rows that are loaded again: whatever is under way may have been sent since."""
        await store.doubt(connection, self._wall())

    async def deliver_due(self) -> float | None:
        """Try every mail whose time has come; when the next one is due (wall time)."""
        if self._delivery is None:
            raise RuntimeError("the outbox has no postman yet")
        async with self._round:
            await self._delivery.round()
        return await self._database.read(store.next_due)

    async def unsent(self, *, most: int = 100) -> tuple[Kept, ...]:
        """The newest mails that wait, are in doubt or have failed."""
        states = [each for each in MailState if each is not MailState.SENT]
        return await self._database.read(lambda c: store.latest(c, states, most))

    async def resend(self, mail: int) -> None:
        """Send a mail in doubt once more, because somebody knows that it did not arrive.

        Raises UnknownMail when no mail of this id is in doubt, or its body is gone.
        """
        now = self._wall()

        async def work(connection: Connection) -> bool:
            kept = await store.get(connection, mail)
            if kept is None or kept.sealed is None or kept.state is not MailState.UNSURE:
                return False
            resend = (connection, mail, MailState.UNSURE, Event.RESEND)
            taken = await store.step(*resend, now=now, due_at=now)
            once_durable(connection, self._wake.set)
            return taken

        if not await self._database.write(work):
            raise UnknownMail(f"no mail {mail} is in doubt with its text still there")

    async def _run(self, delivery: "_Delivery") -> None:
        while True:
            self._wake.clear()
            wait_s = await self._pause_after_round()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _pause_after_round(self) -> float:
        try:
            next_at = await self.deliver_due()
        except StorageUnavailable as error:
            log.warning("the outbox waits for the storage: %s", error)
            return STORAGE_RETRY_S
        except Exception:
            log.exception("a round of the outbox failed")
            return STORAGE_RETRY_S
        return POLL_S if next_at is None else min(max(next_at - self._wall(), 0.0), POLL_S)


class _Delivery:
    """Takes what is due to one server."""

    def __init__(
        self, outbox: Outbox, postman: Postman, sender: Sender, knows_repeats: bool
    ) -> None:
        self._database, self._sealer = outbox._database, outbox._sealer
        self._wall, self._patience = outbox._wall, outbox._patience
        self._postman, self._sender, self._knows_repeats = postman, sender, knows_repeats
        self._unsaved: dict[int, tuple[MailState, Event, dict[str, Any]]] = {}
        self._is_first_round = not self._database.is_postgresql
        self._is_failing = False
        self._forgets_at = -math.inf
        self.is_handing_over = False

    async def round(self) -> None:
        """Everything that is due, once each."""
        await self._save()
        await self._settle()
        now, longest_s = self._wall(), self._patience.longest_s
        batch = await self._database.read(
            lambda c: store.due(c, now, longest_s=longest_s, most=MOST_A_ROUND)
        )
        if batch:
            await self._deliver(deque(batch))
        await self._forget()

    async def _deliver(self, batch: deque[Kept]) -> None:
        try:
            async with self._postman.session() as session:
                await self._recovered()
                while batch:
                    await self._try(session, batch[0])
                    batch.popleft()
        except Unreachable as error:
            self._is_failing = True
            log.warning("%d mails wait: %s", len(batch), error)
            for mail in batch:
                await self._later(mail, MailState.WAITING, str(error))

    async def _recovered(self) -> None:
        """The server answers again: whoever waits for it need not wait out the delay."""
        if self._is_failing:
            now = self._wall()
            await self._database.write(lambda connection: store.hasten(connection, now))
            self._is_failing = False

    async def _try(self, session: Session, mail: Kept) -> None:
        message = self._message(mail)
        if message is None:
            reason = "its text cannot be read any more"
            return await self._conclude(mail, MailState.WAITING, Event.REFUSED, reason=reason)
        try:
            await session.offer(self._sender.address, mail.recipient)
        except (RefusedNow, Refused) as error:
            return await self._refused(mail, MailState.WAITING, error)
        self.is_handing_over = True
        try:
            return await self._hand_over(session, mail, message)
        finally:
            self.is_handing_over = False

    async def _hand_over(self, session: Session, mail: Kept, message: bytes) -> None:
        begun = (mail.id, MailState.WAITING, Event.HAND_OVER)
        now = self._wall()
        if not await self._database.write(lambda c: store.step(c, *begun, now=now)):
            return await session.withdraw()  # another process has it
        try:
            await session.hand_over(message)
        except (RefusedNow, Refused) as error:
            return await self._refused(mail, MailState.SENDING, error)
        except Silence as error:
            log.error("mail %d may or may not have arrived: %s", mail.id, error)
            await self._conclude(mail, MailState.SENDING, Event.SILENCE, reason=str(error))
            await self._resolve_doubts()
            raise Unreachable(str(error)) from None
        return await self._conclude(mail, MailState.SENDING, Event.TAKEN, reason="")

    def _message(self, mail: Kept) -> bytes | None:
        try:
            body = unpacked(self._sealer.open_bytes(mail.message_id, mail.sealed or b""))
            return written(body, self._sender, mail.message_id, mail.created_at)
        except Exception as error:  # one mail must not stop the others
            log.error("mail %d cannot be written: %s", mail.id, type(error).__name__)
            return None

    async def _refused(self, mail: Kept, state: MailState, error: Exception) -> None:
        if isinstance(error, RefusedNow):
            return await self._later(mail, state, str(error))
        log.error("mail %d will not be delivered: %s", mail.id, error)
        return await self._conclude(mail, state, Event.REFUSED, reason=str(error))

    async def _later(self, mail: Kept, state: MailState, reason: str) -> None:
        attempts = mail.attempts + 1
        due_at = self._wall() + self._patience.delay_s(attempts)
        values = {"attempts": attempts, "due_at": due_at, "reason": reason}
        await self._conclude(mail, state, Event.REFUSED_NOW, **values)

    async def _conclude(self, mail: Kept, state: MailState, event: Event, **values: Any) -> None:
        """Keep what became of a mail; when the storage is away, as soon as it is back."""
        self._unsaved[mail.id] = (state, event, values)
        await self._save()

    async def _save(self) -> None:
        now = self._wall()
        for mail, (state, event, values) in list(self._unsaved.items()):
            conclusion = (mail, state, event)

            async def work(
                connection: Connection,
                conclusion: tuple[int, MailState, Event] = conclusion,
                values: dict[str, Any] = values,
            ) -> bool:
                return await store.step(connection, *conclusion, now=now, **values)

            await self._database.write(work)
            del self._unsaved[mail]

    async def _settle(self) -> None:
        """Decide on what an earlier run left in doubt, and give up what grew too old."""
        now = self._wall()
        # With one process to a database, whatever is under way before it begins is left over.
        before = math.inf if self._is_first_round else now - DOUBT_AFTER_S
        for mail in await self._database.read(lambda c: store.in_doubt(c, before)):
            log.error("mail %d: this program ended while it was handed over", mail)
            reason = "the program ended while it was handed over"
            await self._step(mail, MailState.SENDING, Event.SILENCE, now, reason=reason)
        self._is_first_round = False
        await self._resolve_doubts()
        oldest = now - self._patience.give_up_s
        for mail, state in await self._database.read(lambda c: store.aged(c, oldest)):
            log.error("mail %d is given up: too old", mail)
            await self._step(mail, state, Event.AGED, now)

    async def _forget(self) -> None:
        """Let the rows of long ended mails go, now and then."""
        now = self._wall()
        if abs(now - self._forgets_at) >= FORGETS_EVERY_S:
            await self._database.write(lambda c: store.forget(c, now - KEPT_S))
            self._forgets_at = now

    async def _resolve_doubts(self) -> None:
        """Send again what is in doubt, where that can do no harm."""
        if not self._knows_repeats:
            return
        now = self._wall()
        for mail in await self._database.read(store.unsure):
            due_at = now + self._patience.first_s
            await self._step(mail, MailState.UNSURE, Event.RESEND, now, due_at=due_at)

    async def _step(
        self, mail: int, state: MailState, event: Event, now: float, **values: Any
    ) -> None:
        await self._database.write(lambda c: store.step(c, mail, state, event, now=now, **values))
