"""Messages on their way to phones that answer, fail, are away and come back; in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

import pytest

from ivr.sip.events import Flow
from ivr.sip.message import Request
from ivr.ua.message_delivery import Deliveries, Patience
from ivr.ua.ways import Way
from provisioning.contract import E164, KeptMessage, MessageState, NewMessage
from tests.support.fake_messages import InMemoryMessages
from tests.support.notes import Notes
from tests.support.virtual_loop import run_virtually

LINE, OTHER = E164("+819000000001"), E164("+819000000002")
TRANSACTION_S = 32.0


@dataclass
class Phones:
    """The phones of lines: what each answers, in order, and what it was sent.

    An answer is a status; 408 comes after the time a transaction takes.
    """

    answers: dict[str, list[int]] = field(default_factory=dict)
    registered: dict[E164, list[str]] = field(default_factory=dict)
    sent: list[tuple[float, str, Request]] = field(default_factory=list)

    def reach(self, line: E164) -> list[Way]:
        return [
            Way(f"sip:{name}@192.0.2.1", Flow("UDP", ("", 1), ("192.0.2.1", 2)), name)
            for name in self.registered.get(line, ())
        ]

    async def ask(self, request: Request, flow: Flow) -> int:
        name = request.uri.partition("@")[0].removeprefix("sip:")
        self.sent.append((asyncio.get_running_loop().time(), name, request))
        status = self.answers[name].pop(0)
        await asyncio.sleep(TRANSACTION_S if status == 408 else 0.01)
        return status

    @property
    def texts(self) -> list[str]:
        return [request.body.decode() for _, _, request in self.sent]

    @property
    def instants(self) -> list[float]:
        return [at for at, _, _ in self.sent]


@dataclass
class Bench:
    phones: Phones
    store: InMemoryMessages
    deliveries: Deliveries
    notes: Notes

    async def keep(self, text: str = "hello", line: E164 = LINE, **more: bool) -> KeptMessage:
        occasion = f"{len(self.store.rows)}"
        new = NewMessage(occasion, "09000000002", line, OTHER, text, **more)
        return await self.store.keep(new)

    async def until_quiet(self) -> None:
        """Long enough for every retry there can be in a day."""
        await asyncio.sleep(86_400)

    def states(self) -> list[MessageState]:
        return [row.state for row in self.store.rows.values()]


def bench(**answers: list[int]) -> Bench:
    phones = Phones(dict(answers), {LINE: list(answers)})
    store, notes = InMemoryMessages([LINE, OTHER]), Notes()
    patience = Patience(first_s=10.0, longest_s=100.0)
    deliveries = Deliveries(phones.ask, store, phones.reach, "192.0.2.9", patience, notes)
    store.watchers.append(deliveries.add)
    store.endings.append(deliveries.forget)
    return Bench(phones, store, deliveries, notes)


def virtually(test: Callable[[Bench], Coroutine[None, None, None]], made: Bench) -> None:
    async def whole() -> None:
        try:
            await test(made)
        finally:
            await made.deliveries.close()

    run_virtually(whole())


def test_a_phone_that_is_there_has_it_at_once() -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        outcome = await made.deliveries.outcome(kept.id, LINE, 4.0)
        assert outcome is MessageState.DELIVERED
        assert await made.deliveries.outcome(kept.id, LINE, 4.0) is MessageState.DELIVERED
        assert made.phones.instants == [0.0]
        assert made.deliveries.waiting() == 0

    virtually(test, bench(a=[200]))


def test_without_a_phone_it_waits_for_one_to_register() -> None:
    async def test(made: Bench) -> None:
        made.phones.registered.clear()
        kept = await made.keep("one")
        await made.keep("two")
        assert await made.deliveries.outcome(kept.id, LINE, 4.0) is None
        await made.until_quiet()
        assert made.phones.sent == []
        made.deliveries.registered(OTHER)
        made.phones.registered[LINE] = ["a"]
        made.deliveries.registered(LINE)
        await asyncio.sleep(1)
        assert made.phones.texts == ["one", "two"]
        assert made.states() == [MessageState.DELIVERED] * 2

    virtually(test, bench(a=[200, 200]))


def test_every_phone_of_the_line_rings_and_one_is_enough() -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        assert await made.deliveries.outcome(kept.id, LINE, 4.0) is MessageState.DELIVERED
        assert sorted(name for _, name, _ in made.phones.sent) == ["link", "os"]
        await made.until_quiet()
        assert len(made.phones.sent) == 2

    virtually(test, bench(os=[408], link=[200]))


def test_a_phone_that_fails_is_tried_again_after_longer_and_longer() -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        assert await made.deliveries.outcome(kept.id, LINE, 4.0) is MessageState.WAITING
        await made.until_quiet()
        gaps = [b - a for a, b in zip(made.phones.instants, made.phones.instants[1:], strict=False)]
        assert [round(gap) for gap in gaps] == [10, 20, 40, 80, 100, 100]
        assert made.states() == [MessageState.DELIVERED]
        assert made.store.rows[kept.id].attempts == 7

    virtually(test, bench(a=[480, 480, 405, 500, 503, 486, 200]))


def test_every_attempt_is_the_same_message() -> None:
    async def test(made: Bench) -> None:
        await made.keep("今日は")
        await made.until_quiet()
        first, second = [request for _, _, request in made.phones.sent]
        for name in ("Call-ID", "From", "To", "CSeq", "Date"):
            assert first.headers.get(name) == second.headers.get(name)
        assert first.body.decode() == second.body.decode() == "今日は"

    virtually(test, bench(a=[480, 200]))


def test_a_phone_that_registers_again_need_not_wait_out_the_delay() -> None:
    async def test(made: Bench) -> None:
        await made.keep()
        await asyncio.sleep(1)
        made.deliveries.registered(LINE)
        await asyncio.sleep(1)
        assert [round(at) for at in made.phones.instants] == [0, 1]
        assert made.states() == [MessageState.DELIVERED]

    virtually(test, bench(a=[480, 200]))


def test_a_phone_that_registers_while_the_old_one_is_tried_is_tried_next() -> None:
    async def test(made: Bench) -> None:
        await made.keep()
        await asyncio.sleep(1)
        made.phones.registered[LINE] = ["b"]
        made.deliveries.registered(LINE)
        await asyncio.sleep(TRANSACTION_S)
        assert [name for _, name, _ in made.phones.sent] == ["a", "b"]
        assert made.states() == [MessageState.DELIVERED]

    virtually(test, bench(a=[408], b=[200]))


def test_a_silent_phone_holds_up_what_follows_a_refusing_one_does_not() -> None:
    async def test(made: Bench) -> None:
        await made.keep("one")
        await made.keep("two")
        await made.until_quiet()
        assert made.phones.texts == ["one", "one", "two", "one"]

    virtually(test, bench(a=[408, 480, 200, 200]))


def test_who_declines_for_good_is_not_asked_again() -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        assert await made.deliveries.outcome(kept.id, LINE, 4.0) is MessageState.REFUSED
        await made.until_quiet()
        assert len(made.phones.sent) == 2

    virtually(test, bench(a=[480], b=[603]))


def test_nothing_is_sent_twice_because_the_storage_was_away_when_it_arrived() -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        await asyncio.sleep(0.005)  # it is on its way
        made.store.unavailable = True
        assert await made.deliveries.outcome(kept.id, LINE, 4.0) is None
        made.store.unavailable = False
        await made.until_quiet()
        assert made.phones.texts == ["hello"]
        assert made.states() == [MessageState.DELIVERED]

    virtually(test, bench(a=[200]))


def test_what_expired_meanwhile_is_not_sent() -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        await asyncio.sleep(1)
        await made.store.expire(kept.id)
        assert made.deliveries.waiting() == 0
        await made.until_quiet()
        assert len(made.phones.sent) == 1
        assert made.deliveries.waiting() == 0

    virtually(test, bench(a=[480]))


def test_what_expires_on_its_way_is_over_when_it_arrived_or_not() -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        await made.keep("next")
        await asyncio.sleep(0.005)
        await made.store.expire(kept.id)
        await made.until_quiet()
        assert made.phones.texts == ["hello", "next"]
        assert made.states() == [MessageState.EXPIRED, MessageState.DELIVERED]

    virtually(test, bench(a=[480, 200]))


def test_a_line_that_goes_takes_its_messages_along() -> None:
    async def test(made: Bench) -> None:
        await made.keep()
        await asyncio.sleep(1)
        made.deliveries.forget_line(LINE)
        made.deliveries.forget_line(OTHER)
        await made.until_quiet()
        assert len(made.phones.sent) == 1
        assert made.deliveries.waiting() == 0

    virtually(test, bench(a=[480]))


def test_after_a_restart_what_is_kept_is_delivered_in_its_order() -> None:
    async def test(made: Bench) -> None:
        made.phones.registered.clear()
        await made.keep("one")
        await made.keep("two")
        await made.deliveries.close()
        made.phones.registered[LINE] = ["a"]
        await made.keep("three")
        assert made.phones.sent == []
        await made.deliveries.load()
        await asyncio.sleep(1)
        assert made.phones.texts == ["one", "two", "three"]

    virtually(test, bench(a=[200, 200, 200]))


def test_closing_lets_nobody_wait_and_loses_nothing() -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        outcome = asyncio.ensure_future(made.deliveries.outcome(kept.id, LINE, 4.0))
        await asyncio.sleep(0.1)
        await made.deliveries.close()
        assert await outcome is MessageState.WAITING
        assert made.states() == [MessageState.WAITING]

    virtually(test, bench(a=[408]))


def test_a_sender_that_withholds_its_number_is_anonymous() -> None:
    async def test(made: Bench) -> None:
        await made.keep(withheld=True)
        await made.keep()
        await asyncio.sleep(1)
        hidden, shown = [request.headers for _, _, request in made.phones.sent]
        assert '"Anonymous" <sip:anonymous@anonymous.invalid>' in (hidden.get("From") or "")
        assert hidden.get("Privacy") == "id"
        assert "09000000002" not in str(hidden.get("From"))
        assert (shown.get("From") or "").startswith("<sip:09000000002@192.0.2.9;user=phone>")
        assert shown.get("Privacy") is None

    virtually(test, bench(a=[200, 200]))


def test_the_log_never_has_the_text() -> None:
    async def test(made: Bench) -> None:
        await made.keep("a secret code 4711")
        await made.until_quiet()
        assert made.notes.lines
        assert "4711" not in repr(made.notes.lines)

    virtually(test, bench(a=[480, 603]))


@pytest.mark.parametrize(
    "statuses", [[415], [302], [403], [401], [488], [505], [403, 400], [603, 486], [600]]
)
def test_who_refuses_for_good_is_not_asked_again(statuses: list[int]) -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        assert await made.deliveries.outcome(kept.id, LINE, 4.0) is MessageState.REFUSED
        assert made.deliveries.refusal(kept.id) == max(statuses)
        await made.until_quiet()
        assert len(made.phones.sent) == len(statuses)
        assert made.states() == [MessageState.REFUSED]
        assert made.deliveries.waiting() == 0

    virtually(test, bench(**{f"phone{at}": [status] for at, status in enumerate(statuses)}))


@pytest.mark.parametrize("statuses", [[480], [486], [405], [404], [503], [501], [415, 486]])
def test_who_cannot_take_it_now_is_asked_again(statuses: list[int]) -> None:
    async def test(made: Bench) -> None:
        kept = await made.keep()
        await made.until_quiet()
        assert made.states() == [MessageState.DELIVERED]
        assert made.deliveries.refusal(kept.id) is None

    virtually(test, bench(**{f"phone{at}": [status, 200] for at, status in enumerate(statuses)}))
