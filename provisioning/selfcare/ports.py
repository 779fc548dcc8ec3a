"""What the self-care login asks of the mail."""

from typing import Protocol

from provisioning.contract import Language
from provisioning.db.connection import Connection


class Letterbox(Protocol):
    """The mails of the self-care login, each added to the caller's unit of work."""

    async def code(
        self, connection: Connection, to: str, language: Language, code: str, minutes: int
    ) -> None: ...
    async def new_address_code(
        self, connection: Connection, to: str, language: Language, code: str, minutes: int
    ) -> None: ...
    async def password_changed(
        self, connection: Connection, to: str, language: Language
    ) -> None: ...
    async def mail_changed(
        self, connection: Connection, to: str, language: Language, new: str
    ) -> None: ...
