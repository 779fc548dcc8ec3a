"""Counted tries: each is written down before it is made, so that parallel ones cannot pass.

A bucket's row is locked until the unit of work ends; the names of several are locked in order.
"""

import hashlib
import math
from collections.abc import Mapping

from sqlalchemy import delete, select, text

from provisioning.db.connection import Connection
from provisioning.db.selfcare_tables import selfcare_tries
from provisioning.selfcare.model import Bucket, Limits, Slowdown, TooManyTries

_make = text(
    "INSERT INTO selfcare_tries (bucket, failures, last_at) VALUES (:bucket, 0, 0)"
    " ON CONFLICT (bucket) DO NOTHING"
)


def account_bucket(typed: str) -> str:
    """The bucket of everybody who tries this ID from an unknown browser; the ID is not kept."""
    return f"login {_digest(typed)}"


def device_bucket(device_hash: str) -> str:
    """The bucket of a browser that once logged in."""
    return f"device {device_hash}"


def password_bucket(login: str) -> str:
    """The bucket of present passwords asked for within sessions."""
    return f"password {_digest(login)}"


def address_bucket(place: str) -> str:
    """The bucket of an address."""
    return f"address {place}"


async def count(
    connection: Connection, slowdowns: Mapping[str, Slowdown], now: float, limits: Limits
) -> float:
    """Count one try in each of these buckets; answers how long the next one will have to wait, s.

    Raises:
        TooManyTries: one of them takes no try yet; then nothing is counted.
    """
    buckets = {name: await _locked(connection, name) for name in sorted(slowdowns)}
    wait = max(
        buckets[name].wait_s(now, slowdown, limits.forget_s) for name, slowdown in slowdowns.items()
    )
    if wait > 0:
        raise TooManyTries(math.ceil(wait))
    delays = []
    for name, slowdown in slowdowns.items():
        failed = buckets[name].failed(now, limits.forget_s)
        await _put(connection, name, failed)
        delays.append(slowdown.delay_s(failed.failures))
    return max(delays)


async def give_back(connection: Connection, name: str, tries: int) -> None:
    """Take back tries that proved right."""
    bucket = await _locked(connection, name)
    await _put(connection, name, Bucket(max(0, bucket.failures - tries), bucket.last_at))


async def clear(connection: Connection, name: str) -> None:
    """Forget a bucket's failures: its owner has proven to be the owner."""
    await connection.execute(delete(selfcare_tries).where(selfcare_tries.c.bucket == name))


async def forget(connection: Connection, before: float) -> None:
    """Remove buckets whose last failure lies before `before`."""
    await connection.execute(delete(selfcare_tries).where(selfcare_tries.c.last_at < before))


async def _locked(connection: Connection, name: str) -> Bucket:
    await connection.execute(_make, {"bucket": name})
    mine = selfcare_tries.c.bucket == name
    row = (await connection.execute(select(selfcare_tries).where(mine).with_for_update())).one()
    return Bucket(row.failures, row.last_at)


async def _put(connection: Connection, name: str, bucket: Bucket) -> None:
    await connection.execute(
        selfcare_tries.update().where(selfcare_tries.c.bucket == name),
        {"failures": bucket.failures, "last_at": bucket.last_at},
    )


def _digest(typed: str) -> str:
    return hashlib.sha256(typed.encode("utf-8", "surrogatepass")).hexdigest()
