"""The torture corpus as cases: each message and what a server may answer to it."""

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

CORPUS = Path(__file__).parents[1] / "conformance" / "corpus"

_REFUSALS_OF_FORM = (400, 500, 505)


@dataclass(frozen=True)
class Case:
    """One message of RFC 4475 or 5118; `answers` as in `index.tsv`."""

    suite: str
    file: str
    kind: str
    answers: frozenset[str]

    @property
    def name(self) -> str:
        return f"{self.suite}/{self.file}"

    @cached_property
    def data(self) -> bytes:
        return (CORPUS / self.suite / self.file).read_bytes()

    @property
    def is_request(self) -> bool:
        return self.kind == "req"

    @property
    def method(self) -> str:
        return self.data.split(None, 1)[0].decode(errors="replace")

    @property
    def reply_port(self) -> int:
        """The sent-by port of the topmost Via, where a reply over UDP goes without rport."""
        via = re.search(
            rb"^(?:Via|v)\s*:\s*SIP\s*/\s*2\.0\s*/\s*\S+\s+(\[[^\]]*\]|[^:;,\s]+)(?:\s*:\s*(\d+))?",
            self.data,
            re.I | re.M,
        )
        return int(via[2]) if via and via[2] else 5060

    def allows(self, status: int | None) -> bool:
        """Whether this answer (None: silence) is one the RFC wants or bears."""
        return any(_fits(wanted, status) for wanted in self.answers)


def _fits(wanted: str, status: int | None) -> bool:
    if wanted == "none" or status is None:
        return wanted == "none" and status is None
    if wanted == "accept":
        return status not in _REFUSALS_OF_FORM
    if wanted == "2xx":
        return 200 <= status < 300
    return status == int(wanted)


def cases() -> list[Case]:
    """Every message of the corpus."""
    with (CORPUS / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [
        Case(
            row["suite"],
            row["file"],
            row["kind"],
            frozenset(word for word in f"{row['expect']},{row['tolerate']}".split(",") if word),
        )
        for row in rows
    ]
