"""The passwords of an order and its letter: made up, hashed and sealed."""

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from datetime import date

from argon2 import PasswordHasher

from provisioning import passwords
from provisioning.contract import E164, ContractKind, Language
from provisioning.lines.sealing import Seal
from provisioning.notify.letter import LetterContent
from provisioning.orders.model import LINE_PASSWORD_LENGTH, SERVICE_PASSWORD_DIGITS


@dataclass(frozen=True, slots=True)
class ServicePassword:
    """A 付加サービスパスワード and its argon2id text."""

    clear: str = field(repr=False)
    hash: str = field(repr=False)


HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
"""argon2id at 1 MiB and one pass, a millisecond each: no cost that a caller could wait for slows
down ten thousand tries enough, so the seal around the hash is what protects four digits."""


async def service_passwords(count: int, pool: Executor) -> list[ServicePassword]:
    """So many passwords by telephone, hashed in `pool`."""
    clear = [passwords.generate_digits(SERVICE_PASSWORD_DIGITS) for _ in range(count)]
    return await asyncio.get_running_loop().run_in_executor(pool, _hashed, clear)


def _hashed(clear: Sequence[str]) -> list[ServicePassword]:
    return [ServicePassword(each, HASHER.hash(each)) for each in clear]


def line_passwords(count: int) -> list[str]:
    """So many IP加入電話パスワード."""
    return [passwords.generate(LINE_PASSWORD_LENGTH) for _ in range(count)]


def close_hash(seal: Seal, line: E164, hash: str) -> bytes:
    """The sealed argon2id text; it opens for its own line alone."""
    return seal.close_bytes(f"service password {line}", hash.encode())


def open_hash(seal: Seal, line: E164, sealed: bytes) -> str:
    """What `close_hash` sealed."""
    return seal.open_bytes(f"service password {line}", sealed).decode()


def close_letter(seal: Seal, content: LetterContent) -> bytes:
    """Everything the letter says, sealed: it is set in type when it is handed out."""
    plain = {**asdict(content), "date": content.date.isoformat()}
    return seal.close_bytes(f"letter {content.order}", json.dumps(plain).encode())


def open_letter(seal: Seal, order: str, sealed: bytes, server: str) -> LetterContent:
    """What `close_letter` sealed, with the `server` that phones register with now."""
    said = json.loads(seal.open_bytes(f"letter {order}", sealed))
    numbers: Sequence[tuple[str, str, str]] = [tuple(each) for each in said.pop("numbers")]
    said["date"] = date.fromisoformat(said["date"])
    said["language"], said["kind"] = Language(said["language"]), ContractKind(said["kind"])
    return replace(LetterContent(**said, numbers=numbers), server=server)
