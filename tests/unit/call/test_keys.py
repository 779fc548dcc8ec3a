"""The buffer of keys that nobody has read yet."""

import asyncio

import pytest

from ivr.call.keys import MOST_WAITING_KEYS, Entry, KeyBuffer
from tests.support.virtual_loop import run_virtually


def test_keys_typed_ahead_come_in_order() -> None:
    async def main() -> list[str | None]:
        keys = KeyBuffer()
        for key in "1#":
            keys.push(key)
        return [await keys.next(1), await keys.next(1), await keys.next(1)]

    assert run_virtually(main()) == ["1", "#", None]


def test_silence_lasts_as_long_as_allowed() -> None:
    async def main() -> float:
        assert await KeyBuffer().next(8) is None
        return asyncio.get_running_loop().time()

    assert run_virtually(main()) == 8


def test_a_key_ends_the_waiting_at_once() -> None:
    async def main() -> tuple[str | None, float]:
        keys, loop = KeyBuffer(), asyncio.get_running_loop()
        loop.call_later(3, keys.push, "5")
        return await keys.next(8), loop.time()

    assert run_virtually(main()) == ("5", 3)


def test_cleared_keys_are_gone() -> None:
    async def main() -> str | None:
        keys = KeyBuffer()
        keys.push("1")
        keys.clear()
        assert not keys
        return await keys.next(1)

    assert run_virtually(main()) is None


def test_a_flood_of_keys_is_bounded_and_loses_the_latest() -> None:
    async def main() -> None:
        keys = KeyBuffer()
        taken = [keys.push("1") for _ in range(MOST_WAITING_KEYS)]
        assert all(taken)
        assert not keys.push("2")
        heard = [await keys.next(1) for _ in range(MOST_WAITING_KEYS)]
        assert heard == ["1"] * MOST_WAITING_KEYS
        assert keys.push("3")

    run_virtually(main())


def chosen(keys: str, choices: set[str], *, at_s: float = 0.0) -> tuple[str | Entry, float]:
    async def main() -> tuple[str | Entry, float]:
        buffer, loop = KeyBuffer(), asyncio.get_running_loop()
        for index, key in enumerate(keys):
            loop.call_later(at_s * (index + 1), buffer.push, key)
        return await buffer.one_of(choices, 8, 4), loop.time()

    return run_virtually(main())


@pytest.mark.parametrize(
    ("keys", "answer", "seconds"),
    [
        ("1", "1", 1),
        ("64", "64", 2),
        ("65", "65", 2),
        ("69", Entry.WRONG, 2),
        ("6", Entry.WRONG, 5),
        ("5", Entry.WRONG, 1),
        ("", Entry.SILENT, 8),
    ],
)
def test_commands_of_one_key_and_of_two(keys: str, answer: str | Entry, seconds: float) -> None:
    assert chosen(keys, {"1", "64", "65"}, at_s=1.0) == (answer, seconds)


def test_a_command_that_begins_a_longer_one_counts_once_no_key_follows() -> None:
    assert chosen("6", {"6", "64"}, at_s=1.0) == ("6", 5)


def test_who_waits_can_be_let_go_on() -> None:
    async def main() -> tuple[str | None, float, str | None]:
        keys, loop = KeyBuffer(), asyncio.get_running_loop()
        loop.call_later(3, keys.wake)
        woken = await keys.next(8)
        at_s = loop.time()
        loop.call_later(1, keys.push, "1")
        return woken, at_s, await keys.next(8)

    assert run_virtually(main()) == (None, 3, "1")


def test_a_key_that_was_only_looked_at_stays() -> None:
    async def main() -> list[str | None]:
        keys = KeyBuffer()
        keys.push("1")
        return [await keys.wait(1), await keys.wait(1), await keys.next(1), await keys.wait(1)]

    assert run_virtually(main()) == ["1", "1", "1", None]
