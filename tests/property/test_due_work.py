"""Whatever is done to the clock, due work runs once each and in order (LAB-02)."""

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.clock import BusinessClock
from tests.support.diary import Diary, InMemoryClock
from tests.support.virtual_loop import run_virtually

instants = st.integers(0, 1000).map(float)
moves = st.one_of(
    st.tuples(st.just("advance"), instants),
    st.tuples(st.just("set"), instants),
    st.tuples(st.just("pass"), instants),
    st.tuples(st.just("freeze"), instants),
    st.tuples(st.just("run"), instants),
)


async def _move(clock: BusinessClock, what: str, much: float) -> None:
    match what:
        case "advance":
            await clock.advance(much)
        case "set":
            await clock.set(datetime.fromtimestamp(much, UTC))
        case "pass":
            await asyncio.sleep(much)
        case "freeze":
            await clock.freeze()
        case _:
            await clock.run()


async def _after(
    sequence: list[tuple[str, float]], one: list[float], two: list[float]
) -> tuple[float, Diary, Diary, list[tuple[float, str]]]:
    """The latest business time ever shown, the diaries, and every entry in the order it ran."""
    clock = BusinessClock(InMemoryClock(), asyncio.get_running_loop().time)
    order: list[tuple[float, str]] = []
    diaries = Diary("one", clock.seconds, one), Diary("two", clock.seconds, two)
    for diary in diaries:
        clock.does(diary)
    clock.start()
    latest = clock.seconds()
    for what, much in sequence:
        before = [len(diary.done) for diary in diaries]
        await _move(clock, what, much)
        await asyncio.sleep(0.001)
        latest = max(latest, clock.seconds())
        ran = [
            (shown, due, diary.name)
            for diary, old in zip(diaries, before, strict=True)
            for due, shown in diary.done[old:]
        ]
        order += [(due, name) for _, due, name in sorted(ran)]
    await clock.close()
    return latest, *diaries, order


@pytest.mark.rule("LAB-02")
@given(st.lists(moves, max_size=12), st.lists(instants, max_size=8), st.lists(instants, max_size=8))
def test_each_once_in_order_and_none_left_behind(
    sequence: list[tuple[str, float]], one: list[float], two: list[float]
) -> None:
    latest, *diaries, order = run_virtually(_after(sequence, one, two))
    for diary, entries in zip(diaries, (one, two), strict=True):
        done = [due for due, _ in diary.done]
        assert sorted(done + diary.entries) == sorted(entries)
        assert done == sorted(done)
        assert all(due <= shown for due, shown in diary.done)
        assert all(left > latest - 0.002 for left in diary.entries)
    assert [due for due, _ in order] == sorted(due for due, _ in order)
