"""Passwords the office makes up and keeps: generated from secure randomness, stored as argon2id."""

import asyncio
import secrets
from concurrent.futures import Executor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits without the ones that a printed letter leaves open: l, o, O, I, 0, 1."""

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""argon2id as OWASP's password storage guidance asks: 19 MiB, 2 passes, 1 lane."""


def generate(length: int) -> str:
    """A password of `length` unmistakable letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def generate_digits(length: int) -> str:
    """A secret of `length` decimal digits, for telephone keys or a mailed code."""
    return "".join(secrets.choice("0123456789") for _ in range(length))


async def hashed(password: str, pool: Executor | None = None) -> str:
    """The argon2id text to store; computed in a thread, some 20 ms of one core."""
    return await asyncio.get_running_loop().run_in_executor(pool, HASHER.hash, password)


async def fits(stored: str, password: str, pool: Executor | None = None) -> bool:
    """Whether `password` is the one whose argon2id text is `stored`; computed in a thread."""
    return await asyncio.get_running_loop().run_in_executor(pool, _fits, stored, password)


def _fits(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
