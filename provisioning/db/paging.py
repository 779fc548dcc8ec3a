"""Pages of a long list: read on from the last key seen, never by counting rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 1000
"""The longest page anybody is given."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and what to give as `after` for those that follow; None at the end."""

    items: tuple[T, ...]
    next: str | None = None


def page_size(limit: int) -> int:
    """A limit within bounds: 1 to `MOST`."""
    return max(1, min(limit, MOST))


def paged(found: Sequence[T], limit: int, key: Callable[[T], str]) -> Page[T]:
    """The page of the `limit + 1` items that were asked for; the last one only says there is more.

    Args:
        limit: as `page_size` answered it.
        key: what an item is found by.
    """
    items = tuple(found[:limit])
    return Page(items, key(items[-1]) if len(found) > limit else None)
