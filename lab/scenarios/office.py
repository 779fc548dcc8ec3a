"""What scenarios ask of the carrier: its API, its records and charges, and the messages it saw."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from lab.client import Carrier
from lab.trace import Seen, from_json

Json = dict[str, Any]

_PAGE = 1000
_LONG_WORK_S = 120.0
_PATIENCE_S = 20.0
"""How much longer than usual a carrier may take on a busy machine."""


class CarrierOffice:
    """The carrier at a web address; `lab_token` opens /lab where it is another host's."""

    def __init__(self, url: str, token: str | None = None, lab_token: str | None = None) -> None:
        self._office = Carrier(url, token)
        self._lab = Carrier(url, lab_token or token)
        self.url = self._office.base

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers; Refused with its own words when it says no."""
        client = self._lab if path.startswith("/lab/") else self._office
        if method != "GET":
            return client.send(method, path, body, within_s=_PATIENCE_S)
        with client.understood():
            return json.loads(client.download(method, path))

    def prepare(self, seed: str) -> None:
        """Make the carrier what a seed says, and nothing else: what people had set is gone."""
        self._lab.send("POST", "/lab/seed", seed, within_s=_LONG_WORK_S)
        self._lab.send("POST", "/lab/reset", within_s=_LONG_WORK_S)

    def wall_time(self) -> float:
        """Epoch seconds by the carrier's clock, which its messages are dated by."""
        with self._lab.understood():
            shown = self._lab.get("/lab/clock", within_s=_PATIENCE_S)["wall"]
            return datetime.fromisoformat(shown).timestamp()

    def newest_record(self) -> int:
        """The number of the latest call record; 0 when there is none."""
        return _newest(self._get("/v1/cdrs?limit=1"))

    def newest_charge(self) -> int:
        """The number of the latest charge; 0 when there is none."""
        return _newest(self._get("/v1/charges?limit=1"))

    def records(self, line: str, after: int) -> list[Json]:
        """The records of a line's legs since one, the newest first."""
        return self._since(f"/v1/cdrs?line={line}&limit={_PAGE}", after)

    def charges(self, line: str, after: int) -> list[Json]:
        """The charges that a line pays since one, the newest first."""
        return self._since(f"/v1/charges?line={line}&limit={_PAGE}", after)

    def _get(self, path: str) -> Any:
        return self._office.get(path, within_s=_PATIENCE_S)

    def _since(self, path: str, after: int) -> list[Json]:
        items: list[Json] = self._get(path)["items"]
        return [item for item in items if item["id"] > after]

    def why(self, record: int) -> Json:
        """Why a record was charged, or why not."""
        found: Json = self._get(f"/v1/cdrs/{record}/why")
        return found

    def seen(self) -> Iterator[Seen]:
        """The SIP messages that the carrier remembers."""
        for value in self._lab.lines("/lab/trace?past=true&follow=false"):
            item = from_json(value)
            if isinstance(item, Seen):
                yield item


def _newest(page: Json) -> int:
    items = page["items"]
    return int(items[0]["id"]) if items else 0
