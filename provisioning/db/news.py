"""What the nodes at one PostgreSQL tell each other: which rows that memory holds were changed.

News is sent by NOTIFY in the unit of work of the change itself, so that it is heard when the
change is durable, and never of a change that failed. SQLite has one node and nobody to tell.
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
    """Let the other nodes know, once the unit of work of `connection` is durable."""
    connection.news.append((topic, frozenset(keys)))


async def send(connection: Connection, node: str) -> None:
    """Send what was told in this unit of work, as its last statements."""
    for payload in _payloads(connection.news, node):
        await connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})


def heard(payload: str, node: str) -> News | None:
    """What a notification says; None when it is this node's own.

    Of one that cannot be read, which a newer node may have sent, anything may be true.
    """
    try:
        said = json.loads(payload)
        if said["node"] == node:
            return None
        return News(Topic(said["topic"]), frozenset(map(str, said["keys"])))
    except (ValueError, KeyError, TypeError):
        return News(Topic.EVERYTHING)


def _payloads(told: Sequence[tuple[str, frozenset[str]]], node: str) -> Iterator[str]:
    keys: dict[str, set[str]] = {}
    whole = {topic for topic, some in told if not some}
    for topic, some in told:
        keys.setdefault(topic, set()).update(some)
    for topic, every in keys.items():
        named = [] if topic in whole or len(every) > MOST_KEYS else sorted(every)
        yield json.dumps({"node": node, "topic": topic, "keys": named})
