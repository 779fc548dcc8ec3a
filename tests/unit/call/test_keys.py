"""The buffer of keys that nobody has read yet."""

import asyncio

from ivr.call.keys import MOST_WAITING_KEYS, KeyBuffer
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
