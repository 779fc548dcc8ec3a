"""Call records and events in memory; the records pass the contract suite of the stored ones."""

import asyncio
from collections.abc import Callable

from provisioning.contract import CallRecord, LiveCall, Ongoing, StorageUnavailable


class InMemoryRecords:
    """Every record that was appended, one a leg, and the legs that go on."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], CallRecord] = {}
        self.secured: list[tuple[str, int]] = []
        self.away: StorageUnavailable | None = None
        """What `secure` raises from now on."""
        self._ongoing: dict[tuple[str, int], Ongoing] = {}

    def open(self, call_id: str, leg: int, ongoing: Ongoing) -> None:
        self._ongoing[call_id, leg] = ongoing

    async def secure(self, call_id: str, leg: int) -> None:
        if self.away is not None:
            raise self.away
        self.secured.append((call_id, leg))

    def append(self, record: CallRecord) -> asyncio.Future[None]:
        key = (record.call_id, record.leg)
        self._ongoing.pop(key, None)
        self.kept.setdefault(key, record)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        durable.set_result(None)
        return durable

    def live(self) -> list[LiveCall]:
        return [ongoing.shown() for ongoing in self._ongoing.values()]

    @property
    def all(self) -> list[CallRecord]:
        """In the order they were appended."""
        return list(self.kept.values())

    def only(self) -> CallRecord:
        """The one record there is."""
        (record,) = self.kept.values()
        return record


class ToldEvents:
    """Everything that was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []
        self.watch: Callable[[str], None] = lambda kind: None

    def tell(self, kind: str, **facts: object) -> None:
        self.told.append((kind, facts))
        self.watch(kind)

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.told]

    def of(self, kind: str) -> list[dict[str, object]]:
        return [facts for told, facts in self.told if told == kind]
