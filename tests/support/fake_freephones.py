"""Freephone contracts in memory; the same contract suite as the office's own passes on it."""

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from provisioning.contract import E164, Freephone, Geography, Turns

T = TypeVar("T")


class InMemoryFreephones:
    """What `provisioning.contract.Freephones` says."""

    def __init__(self, geography: Geography, contracts: Iterable[Freephone] = ()) -> None:
        self.geography = geography
        self.contracts = {each.number: each for each in contracts}
        self.turns: dict[E164, Turns] = {}

    def of(self, number: E164) -> Freephone | None:
        return self.contracts.get(number)

    async def with_turns(self, number: E164, use: Callable[[Turns], tuple[T, Turns]]) -> T:
        answer, after = use(self.turns.get(number, {}))
        if any(group.shares for group in self.contracts[number].groups):
            self.turns[number] = after
            await asyncio.sleep(0)  # what is saved takes its time
        return answer
