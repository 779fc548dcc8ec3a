"""Rows of trunks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, select

from provisioning.contract import Trunk, TrunkAccount, TrunkClass, TrunkLogin
from provisioning.db.connection import Connection
from provisioning.db.trunk_tables import trunk_logins, trunk_peers, trunk_prefixes, trunks
from provisioning.lines.sealing import Seal
from provisioning.trunks.model import TrunkOrigin


@dataclass(frozen=True, slots=True)
class Kept:
    """A trunk as its rows have it; `realm` is what its account's HA1 was made for."""

    trunk: Trunk
    origin: TrunkOrigin
    account: TrunkAccount | None
    realm: str | None
    login: TrunkLogin | None = None


async def read(connection: Connection, seal: Seal) -> dict[str, Kept]:
    """Every trunk by name; `WrongKey` when `seal` does not open their accounts."""
    peers: dict[str, list[str]] = defaultdict(list)
    ordered = select(trunk_peers).order_by(trunk_peers.c.trunk, trunk_peers.c.position)
    for row in await connection.execute(ordered):
        peers[row.trunk].append(row.peer)
    prefixes: dict[str, list[str]] = defaultdict(list)
    for row in await connection.execute(select(trunk_prefixes).order_by(trunk_prefixes.c.prefix)):
        prefixes[row.trunk].append(row.prefix)
    logins = {row.trunk: row for row in await connection.execute(select(trunk_logins))}
    rows = await connection.execute(select(trunks).order_by(trunks.c.name))
    found = [_kept(row, peers[row.name], prefixes[row.name], seal) for row in rows]
    return {kept.trunk.name: _logged_in(kept, logins.get(kept.trunk.name), seal) for kept in found}


def _logged_in(kept: Kept, row: Row[Any] | None, seal: Seal) -> Kept:
    """The trunk with who we are to its peers."""
    if row is None:
        return kept
    password = seal.open_bytes(_owner(row.trunk), row.sealed_password).decode()
    trunk = replace(kept.trunk, login=row.username, registers=row.registers)
    return replace(kept, trunk=trunk, login=TrunkLogin(row.username, password))


def _owner(trunk: str) -> str:
    return f"trunk {trunk}"


def _kept(row: Row[Any], peers: Sequence[str], prefixes: Sequence[str], seal: Seal) -> Kept:
    trunk = Trunk(
        name=row.name,
        caller_class=TrunkClass(row.caller_class),
        peers=tuple(peers),
        account=row.account,
        prefixes=tuple(prefixes),
        trusted=row.trusted,
        prefecture=row.prefecture,
        calls=row.calls,
    )
    account = None
    if row.account is not None:
        ha1 = seal.open(row.account, row.realm, row.sealed_ha1)
        account = TrunkAccount(row.account, row.name, ha1)
    return Kept(trunk, TrunkOrigin(row.origin), account, row.realm)


async def add(connection: Connection, kept: Kept, seal: Seal) -> None:
    """Insert a trunk's rows; its secret goes in sealed."""
    trunk, account, realm = kept.trunk, kept.account, kept.realm
    sealed = None
    if account is not None and realm is not None:
        sealed = seal.close(account.user, realm, account.ha1)
    row = {
        "name": trunk.name,
        "caller_class": trunk.caller_class.value,
        "account": trunk.account,
        "realm": realm,
        "sealed_ha1": sealed,
        "trusted": trunk.trusted,
        "prefecture": trunk.prefecture,
        "calls": trunk.calls,
        "origin": kept.origin.value,
    }
    await connection.execute(trunks.insert(), row)
    peers = [
        {"trunk": trunk.name, "position": position, "peer": each}
        for position, each in enumerate(trunk.peers)
    ]
    prefixes = [{"trunk": trunk.name, "prefix": each} for each in trunk.prefixes]
    tables: Mapping[Any, list[dict[str, Any]]] = {trunk_peers: peers, trunk_prefixes: prefixes}
    for table, rows in tables.items():
        if rows:
            await connection.execute(table.insert(), rows)
    if kept.login is not None:
        sealed = seal.close_bytes(_owner(trunk.name), kept.login.password.encode())
        login = {"trunk": trunk.name, "username": kept.login.user, "sealed_password": sealed}
        await connection.execute(trunk_logins.insert(), {**login, "registers": trunk.registers})


async def remove(connection: Connection, name: str) -> None:
    """Remove a trunk with all it has."""
    await connection.execute(trunks.delete().where(trunks.c.name == name))
