"""What is told at one PostgreSQL: which rows that memory holds were changed.

News is sent by NOTIFY in the unit of work of the change itself, so that it is heard when the
change is durable, and never of a change that failed. A node hears its own news, too: what another
one changed just before may have reached its memory later. SQLite has one node and nobody to tell.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import text

from provisioning.db.connection import Connection

CHANNEL = "tokuban"

MOST_KEYS = 200
"""Named in one notification, which holds less than 8000 bytes; of more, each must be read."""

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class Topic(StrEnum):
    """What memory holds that another node may have changed."""

    EVERYTHING = "everything"
    LINES = "lines"
    FORWARDING = "forwarding"
    TRUNKS = "trunks"
    FREEPHONES = "freephones"
    VOICEMAIL = "voicemail"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class News:
    """Rows that were changed: those of `keys`, or any of the topic when there are none."""

    topic: Topic
    keys: frozenset[str] = frozenset()


def tell(connection: Connection, topic: Topic, keys: Collection[str] = ()) -> None:
    """Let every node know, once the unit of work of `connection` is durable."""
    connection.news.append((topic, frozenset(keys)))


async def send(connection: Connection) -> None:
    """Send what was told in this unit of work, as its last statements."""
    for payload in _payloads(connection.news):
        await connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})


def heard(payload: str) -> News:
    """What a notification says.

    Of one that cannot be read, which a newer node may have sent, anything may be true.
    """
    try:
        said = json.loads(payload)
        return News(Topic(said["topic"]), frozenset(map(str, said["keys"])))
    except (ValueError, KeyError, TypeError):
        return News(Topic.EVERYTHING)


def _payloads(told: Sequence[tuple[str, frozenset[str]]]) -> Iterator[str]:
    keys: dict[str, set[str]] = {}
    whole = {topic for topic, some in told if not some}
    for topic, some in told:
        keys.setdefault(topic, set()).update(some)
    for topic, every in keys.items():
        named = [] if topic in whole or len(every) > MOST_KEYS else sorted(every)
        yield json.dumps({"topic": topic, "keys": named})
