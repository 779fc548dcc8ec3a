"""Events: told to whoever follows, remembered for whoever was away, never a burden."""

import asyncio
from datetime import UTC, datetime

import pytest

from provisioning.audit.model import Origin
from provisioning.contract import NoTarget
from provisioning.events import MOST_UNREAD, Dropped, Event, EventHub, Gap, Reader
from provisioning.office import Office
from tests.support.storage import DOCOMO, SOMEWHERE
from tests.unit.api.conftest import furnish


def hub(keep: int = 100, run: str = "a1") -> EventHub:
    return EventHub(run, lambda: (1000.0, 2000.0), keep)


async def told(reader: Reader) -> list[Event | Gap | Dropped]:
    async with asyncio.timeout(10):
        return await reader.next()


async def numbers(reader: Reader) -> list[object]:
    return [e.facts["n"] if isinstance(e, Event) else e for e in await told(reader)]


def tell(hub: EventHub, *numbers: int) -> None:
    for number in numbers:
        hub.tell("counted", n=number)


async def test_a_reader_hears_what_comes() -> None:
    events = hub()
    tell(events, 1)
    reader = events.follow()
    tell(events, 2, 3)
    assert await told(reader) == [
        Event("a1-2", "counted", 1000.0, 2000.0, {"n": 2}),
        Event("a1-3", "counted", 1000.0, 2000.0, {"n": 3}),
    ]


async def test_a_waiting_reader_wakes() -> None:
    events = hub()
    reader = events.follow()
    waiting = asyncio.create_task(numbers(reader))
    await asyncio.sleep(0)
    tell(events, 7)
    assert await waiting == [7]


async def test_it_may_begin_with_what_is_remembered() -> None:
    events = hub(keep=3)
    tell(events, 1, 2, 3, 4)
    assert await numbers(events.follow(past=True)) == [2, 3, 4]


async def test_it_goes_on_behind_what_it_saw_last() -> None:
    events = hub()
    tell(events, 1, 2, 3, 4)
    reader = events.follow("a1-2")
    tell(events, 5)
    assert await numbers(reader) == [3, 4, 5]


async def test_a_gap_is_told_with_its_size() -> None:
    events = hub(keep=3)
    tell(events, *range(1, 11))
    assert await numbers(events.follow("a1-5")) == [Gap(2), 8, 9, 10]
    assert await numbers(events.follow("a1-7")) == [8, 9, 10]


@pytest.mark.parametrize(
    "last", ["b2-1", "a1-99", "nonsense", "a1-", "a1-x", "-", "a1-" + "9" * 40]
)
async def test_what_another_run_told_is_a_gap_of_unknown_size(last: str) -> None:
    events = hub()
    tell(events, 1, 2)
    assert await numbers(events.follow(last)) == [Gap(None), 1, 2]


async def test_a_slow_reader_is_dropped_and_told_why() -> None:
    events = hub()
    slow, quick = events.follow(), events.follow()
    for number in range(MOST_UNREAD + 5):
        tell(events, number)
        await numbers(quick)
    heard = await told(slow)
    assert len(heard) == MOST_UNREAD + 1
    last = heard[-1]
    assert isinstance(last, Dropped)
    assert "Last-Event-ID" in last.reason
    assert await told(slow) == []
    tell(events, 0)
    assert await numbers(quick) == [0]


@pytest.mark.parametrize("last", [None, "a1-1"])
async def test_who_was_away_for_long_is_not_dropped_for_what_it_missed(last: str | None) -> None:
    events = hub(keep=2 * MOST_UNREAD)
    tell(events, *range(MOST_UNREAD + 2))
    reader = events.follow(last, past=True)
    tell(events, 7)
    heard = await numbers(reader)
    assert heard == [*range(last is not None, MOST_UNREAD + 2), 7]
    tell(events, *range(MOST_UNREAD + 1))
    assert isinstance((await numbers(reader))[-1], Dropped)


async def test_readers_are_bounded_and_give_their_place_back() -> None:
    events = hub()
    readers = [events.follow() for _ in range(16)]
    assert events.full
    readers[0].end()
    assert not events.full


async def test_closing_lets_readers_hear_the_rest() -> None:
    events = hub()
    reader = events.follow()
    tell(events, 1)
    events.close()
    tell(events, 2)
    assert await numbers(reader) == [1]
    assert await told(reader) == []


class TestOffice:
    """What the office tells, once it is durable."""

    async def test_forwarding(self, office: Office) -> None:
        reader = office.events.follow()
        await office.forwarding.set_target(DOCOMO, SOMEWHERE)
        (event,) = await told(reader)
        assert isinstance(event, Event)
        assert (event.kind, event.facts["subject"]) == ("forwarding.changed", DOCOMO)
        assert SOMEWHERE in str(event.facts["after"])

    async def test_a_change_that_failed_is_not_told(self, office: Office) -> None:
        reader = office.events.follow()
        with pytest.raises(NoTarget):
            await office.forwarding.start(DOCOMO)
        office.events.tell("after")
        assert [e.kind for e in await told(reader) if isinstance(e, Event)] == ["after"]

    async def test_the_clock(self, office: Office) -> None:
        await office.clock.freeze()
        reader = office.events.follow()
        await office.clock.set(datetime(2027, 1, 1, tzinfo=UTC))
        (event,) = await told(reader)
        assert isinstance(event, Event)
        assert event.kind == "clock.changed"
        assert event.facts == {"now": "2027-01-01T00:00:00+00:00", "state": "frozen"}

    async def test_orders_and_cancellations_without_their_passwords(self, office: Office) -> None:
        known = await furnish(office)
        origin = Origin("operator", "test")
        reader = office.events.follow()
        order = await office.orders.place(known.contract, 2, key="form", origin=origin)
        number = order.numbers[0].number
        await office.orders.cancel(number, form_reference="F-1", origin=origin)
        events = [e for e in await told(reader) if isinstance(e, Event)]
        assert [event.kind for event in events] == ["order.placed", "number.cancelled"]
        assert events[0].facts["subject"] == order.id
        assert events[1].facts["subject"] == number
        for each in order.numbers:
            for secret in (each.line_password, each.service_password):
                assert secret
                assert secret not in str(events)
