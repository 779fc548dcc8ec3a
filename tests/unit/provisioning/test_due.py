"""Due work runs when business time reaches it: by itself, or as the clock is moved (LAB-02)."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import wraps
from typing import Any

import pytest

from provisioning.clock import LOOK_AGAIN_S, RETRY_S, BusinessClock, ClockState
from provisioning.contract import StorageUnavailable
from provisioning.due import Ran
from tests.support.diary import Diary, Duty, InMemoryClock
from tests.support.virtual_loop import run_virtually

pytestmark = pytest.mark.rule("LAB-02")

HOUR = 3600.0


class Bench:
    """A clock whose wall is the loop's own time, with two diaries."""

    def __init__(self) -> None:
        self.rows = InMemoryClock()
        self.clock = BusinessClock(self.rows, asyncio.get_running_loop().time)
        self.one = Diary("one", self.clock.seconds)
        self.two = Diary("two", self.clock.seconds)
        for diary in (self.one, self.two):
            self.clock.does(diary)

    async def freeze(self) -> None:
        await self.clock.freeze()


def virtually(test: Callable[[Bench], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test in virtual time, and end the clock's task."""

    @wraps(test)
    def whole() -> None:
        async def main() -> None:
            bench = Bench()
            try:
                await test(bench)
            finally:
                await bench.clock.close()

        run_virtually(main())

    del whole.__wrapped__  # pytest would ask for the bench
    return whole


@virtually
async def test_advancing_runs_in_order_each_at_its_instant(bench: Bench) -> None:
    await bench.freeze()
    bench.one.entries, bench.two.entries = [10, 30, 90], [20, 30, 50]
    ran = await bench.clock.advance(60)
    assert ran == tuple(
        Ran(*each) for each in [("one", 10), ("two", 20), ("one", 30), ("two", 30), ("two", 50)]
    )
    assert bench.one.done == [(10, 10), (30, 30)]
    assert bench.two.done == [(20, 20), (30, 30), (50, 50)]
    assert bench.clock.seconds() == 60
    assert bench.one.entries == [90]


@virtually
async def test_what_is_due_exactly_at_the_goal_runs(bench: Bench) -> None:
    await bench.freeze()
    bench.one.entries = [60]
    assert await bench.clock.set(datetime.fromtimestamp(60, UTC)) == (Ran("one", 60),)


@virtually
async def test_a_running_clock_is_moved_just_so(bench: Bench) -> None:
    bench.one.entries = [10, 20]
    await bench.clock.advance(HOUR)
    assert bench.one.done == [(10, 10), (20, 20)]
    assert bench.clock.state == ClockState(offset_s=HOUR)


@virtually
async def test_work_that_makes_more_work_is_run_out(bench: Bench) -> None:
    async def again(until: float) -> None:
        bench.one.entries.append(until + 7)

    bench.clock.does(Duty("again", bench.two.next_due, again))
    await bench.freeze()
    bench.one.entries = [1]
    bench.two.entries = [5]
    ran = await bench.clock.advance(30)
    assert [(each.work, each.due_at) for each in ran][:3] == [("one", 1), ("two", 5)]


@virtually
async def test_overdue_work_runs_at_the_time_shown(bench: Bench) -> None:
    await bench.freeze()
    await bench.clock.advance(100)
    bench.one.entries = [40]
    assert await bench.clock.advance(0) == (Ran("one", 40),)
    assert bench.one.done == [(40, 100)]


@virtually
async def test_an_error_is_told_and_the_rest_runs(bench: Bench) -> None:
    await bench.freeze()
    bench.one.entries, bench.two.entries = [10, 20], [15, 25]
    bench.one.fails = 1
    ran = await bench.clock.advance(60)
    assert ran == (Ran("one", 10, "OSError"), Ran("two", 15), Ran("two", 25))
    assert bench.one.entries == [10, 20]
    assert await bench.clock.advance(1) == (Ran("one", 10), Ran("one", 20))


@virtually
async def test_work_that_cannot_say_when_is_told(bench: Bench) -> None:
    async def broken() -> float | None:
        raise StorageUnavailable("the database is locked; try again later")

    bench.clock.does(Duty("broken", broken, bench.two.run_due))
    bench.one.entries = [10]
    ran = await bench.clock.advance(60)
    assert Ran("one", 10) in ran
    assert [each.error for each in ran if each.work == "broken"] == [
        "the database is locked; try again later"
    ]


@virtually
async def test_work_that_stays_due_does_not_hold_up_the_clock(bench: Bench) -> None:
    async def nothing(_until: float) -> None:
        """Leave it due."""

    async def always() -> float | None:
        return 5.0

    bench.clock.does(Duty("stuck", always, nothing))
    bench.one.entries = [10]
    ran = await bench.clock.advance(60)
    assert [(each.work, each.error is None) for each in ran] == [
        ("stuck", True),
        ("stuck", False),
        ("one", True),
    ]


@virtually
async def test_a_clock_that_cannot_be_kept_stays_where_its_work_is_done(bench: Bench) -> None:
    await bench.freeze()
    bench.one.entries = [10, 20]

    async def lose(_until: float) -> None:
        bench.two.entries = []
        bench.rows.unavailable = True

    bench.two.entries = [15]
    bench.clock.does(Duty("lost", bench.two.next_due, lose))
    bench.clock._works.pop(1)
    with pytest.raises(StorageUnavailable):
        await bench.clock.advance(60)
    assert (bench.clock.seconds(), bench.rows.state.frozen_at) == (15, 15)
    assert bench.one.done == [(10, 10)]
    bench.rows.unavailable = False
    await bench.clock.advance(60)
    assert bench.one.done == [(10, 10), (20, 20)]


@virtually
async def test_going_back_runs_nothing_and_runs_again_later(bench: Bench) -> None:
    await bench.freeze()
    await bench.clock.advance(100)
    bench.one.entries = [50.5, 120]
    assert await bench.clock.set(datetime.fromtimestamp(50, UTC)) == ()
    assert bench.clock.seconds() == 50
    assert await bench.clock.advance(10) == (Ran("one", 50.5),)


@virtually
async def test_advances_at_once_follow_each_other(bench: Bench) -> None:
    await bench.freeze()
    bench.one.entries = [float(each) for each in range(0, 100, 7)]
    results = await asyncio.gather(*(bench.clock.advance(seconds) for seconds in (50, 30, 20)))
    assert bench.clock.seconds() == 100
    assert bench.one.done == [(at, at) for at in map(float, range(0, 100, 7))]
    assert sum(len(each) for each in results) == len(bench.one.done)


@virtually
async def test_time_that_passes_runs_work_by_itself(bench: Bench) -> None:
    bench.one.entries = [0, 2 * HOUR]
    bench.clock.start()
    await asyncio.sleep(2 * HOUR + 1)
    assert bench.one.done == [(0, 0), (2 * HOUR, 2 * HOUR)]


@virtually
async def test_work_made_meanwhile_is_run_in_time_once_told(bench: Bench) -> None:
    bench.clock.start()
    await asyncio.sleep(1)
    bench.one.entries = [5]
    bench.clock.due_changed()
    await asyncio.sleep(5)
    assert bench.one.done == [(5, 5)]


@virtually
async def test_and_little_late_when_nobody_told(bench: Bench) -> None:
    bench.clock.start()
    await asyncio.sleep(1)
    bench.one.entries = [5]
    await asyncio.sleep(LOOK_AGAIN_S)
    assert bench.one.done == [(5, LOOK_AGAIN_S)]


@virtually
async def test_frozen_nothing_runs_by_itself(bench: Bench) -> None:
    bench.one.entries = [10]
    bench.clock.start()
    await asyncio.sleep(1)
    await bench.clock.freeze()
    await asyncio.sleep(HOUR)
    assert bench.one.done == []
    await bench.clock.run()
    await asyncio.sleep(10)
    assert bench.one.done == [(10, 10)]


@virtually
async def test_what_was_missed_while_nothing_ran_comes_first(bench: Bench) -> None:
    await bench.freeze()
    await bench.clock.advance(100)
    bench.two.entries, bench.one.entries = [20], [30]
    bench.clock.start()
    await asyncio.sleep(1)
    assert (bench.two.done, bench.one.done) == ([(20, 100)], [(30, 100)])


@virtually
async def test_work_that_failed_is_tried_again(bench: Bench) -> None:
    bench.one.entries, bench.one.fails = [1], 2
    bench.clock.start()
    await asyncio.sleep(1 + 2 * RETRY_S + 1)
    assert bench.one.done == [(1, 1 + 2 * RETRY_S)]


@virtually
async def test_a_closed_clock_runs_nothing_more(bench: Bench) -> None:
    bench.one.entries = [10]
    bench.clock.start()
    await asyncio.sleep(1)
    await bench.clock.close()
    await asyncio.sleep(60)
    assert bench.one.done == []
