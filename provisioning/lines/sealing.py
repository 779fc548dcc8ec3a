"""HA1 values under a key that is not in the database: a stolen copy of it opens no account."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from cryptography.fernet import Fernet, InvalidToken

from provisioning.db import secret_file

KEY_FILE = "secret.key"


class WrongKey(Exception):
    """The key does not open the stored secrets; the message says where the key came from."""


class Seal:
    """Seals and opens the HA1 values of an account; a sealed text fits its own account only."""

    def __init__(self, key: str | bytes, source: str) -> None:
        try:
            self._fernet = Fernet(key)
        except (ValueError, TypeError):
            raise WrongKey(f"{source} holds no key: 32 bytes as URL-safe base64") from None
        self._source = source
        text = key.encode() if isinstance(key, str) else key
        self._fingerprints = hashlib.sha256(b"fingerprints " + text).digest()

    @classmethod
    def from_file(cls, folder: Path) -> Self:
        """The key of the data folder, made at the first start (mode 0600)."""
        path = folder / KEY_FILE
        return cls(secret_file.kept(path, Fernet.generate_key()), str(path))

    def close(self, user: str, realm: str, secrets: Mapping[str, str]) -> bytes:
        """The sealed form of `secrets`."""
        return self._fernet.encrypt(json.dumps([user, realm, dict(secrets)]).encode())

    def open(self, user: str, realm: str, sealed: bytes) -> dict[str, str]:
        """What `close` sealed for this account; `WrongKey` when key or account differ."""
        try:
            owner, its_realm, secrets = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise WrongKey(
                f"the key of {self._source} does not open the stored passwords: "
                "give the key these data were written with"
            ) from None
        if (owner, its_realm) != (user, realm):
            raise WrongKey(f"the stored password of account {user} belongs to another account")
        return {str(name): str(value) for name, value in secrets.items()}

    def close_bytes(self, owner: str, data: bytes) -> bytes:
        """The sealed form of `data`, which belong to `owner`, as `letter N00000001`."""
        return self._fernet.encrypt(owner.encode() + b"\0" + data)

    def open_bytes(self, owner: str, sealed: bytes) -> bytes:
        """What `close_bytes` sealed for this owner; `WrongKey` when key or owner differ."""
        try:
            its_owner, _, data = self._fernet.decrypt(sealed).partition(b"\0")
        except InvalidToken:
            raise WrongKey(f"the key of {self._source} does not open what was sealed") from None
        if its_owner != owner.encode():
            raise WrongKey(f"what was sealed for {owner} belongs to another")
        return data

    def fingerprint(self, data: bytes) -> str:
        """A keyed digest: it tells data apart, and no short secret in them can be tried."""
        return hmac.new(self._fingerprints, data, "sha256").hexdigest()

    def __repr__(self) -> str:
        return f"Seal({self._source!r})"
