"""The mails that the office writes, each added to the unit of work of what it tells of."""

import secrets
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from provisioning.contract import Language
from provisioning.db.connection import Connection
from provisioning.notify.letter import hyphenated
from provisioning.notify.model import Mail
from provisioning.notify.outbox import Outbox

TEXTS = Path(__file__).with_name("mails.toml")


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Mapping[str, Any]]:
    """The words of each mail, by name and language."""
    return tomllib.loads(TEXTS.read_text("utf-8"))


def composed(name: str, language: Language, to: str, **values: str | int) -> Mail:
    """The mail of this name; `OutOfRange` when `to` is no address."""
    words = texts()[name][language]
    text = words["text"].lstrip("\n").format(**values) + texts()["signature"][language]
    return Mail(to, words["subject"], text)


class Mails:
    """Writes mails into an outbox."""

    def __init__(
        self, outbox: Outbox, new_id: Callable[[], str] = lambda: secrets.token_hex(16)
    ) -> None:
        self._outbox, self._new_id = outbox, new_id

    async def code(
        self, connection: Connection, to: str, language: Language, code: str, minutes: int
    ) -> None:
        """The code that completes a login (N050-05)."""
        mail = composed("login_code", language, to, code=code, minutes=minutes)
        await self._add(connection, "login code", mail)

    async def new_address_code(
        self, connection: Connection, to: str, language: Language, code: str, minutes: int
    ) -> None:
        """The code that proves that mail to a new address arrives."""
        mail = composed("new_address_code", language, to, code=code, minutes=minutes)
        await self._add(connection, "new address code", mail)

    async def password_changed(self, connection: Connection, to: str, language: Language) -> None:
        """Tell that the self-care password is another one."""
        await self._add(connection, "password", composed("password_changed", language, to))

    async def mail_changed(
        self, connection: Connection, to: str, language: Language, new: str
    ) -> None:
        """Tell the old address that mail goes to `new`."""
        await self._add(connection, "address", composed("mail_changed", language, to, new=new))

    async def numbers_added(
        self,
        connection: Connection,
        to: str,
        language: Language,
        order: str,
        contract: str,
        numbers: Sequence[str],
    ) -> None:
        """Confirm an order, without passwords; `numbers` in national digits."""
        mail = composed(
            "numbers_added",
            language,
            to,
            order=order,
            contract=contract,
            count=len(numbers),
            numbers="\n".join(hyphenated(each) for each in numbers),
        )
        await self._outbox.add(connection, mail, key=f"order {order}")

    async def _add(self, connection: Connection, occasion: str, mail: Mail) -> None:
        """A mail that may well come twice: each call is an occasion of its own."""
        await self._outbox.add(connection, mail, key=f"{occasion} {self._new_id()}")
