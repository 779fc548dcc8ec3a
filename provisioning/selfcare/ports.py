"""What the self-care login asks of the rest of the office."""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from provisioning.contract import Language


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever signed a contract: where mail goes, in which language, and whether it still runs."""

    customer: str
    mail: str
    language: Language
    is_active: bool = True


class Owners(Protocol):
    """The customers, inside the caller's unit of work."""

    async def of(self, connection: AsyncConnection, contract: str) -> Owner | None: ...
    async def set_mail(self, connection: AsyncConnection, customer: str, mail: str) -> None: ...


class Letterbox(Protocol):
    """The mails of the self-care login, each added to the caller's unit of work."""

    async def code(
        self, connection: AsyncConnection, to: str, language: Language, code: str, minutes: int
    ) -> None: ...
    async def password_changed(
        self, connection: AsyncConnection, to: str, language: Language
    ) -> None: ...
    async def mail_changed(
        self, connection: AsyncConnection, to: str, language: Language, new: str
    ) -> None: ...


class Journal(Protocol):
    """The audit, for the self-care login: `subject` is its ID, `contract` the one it opens."""

    async def note(
        self,
        connection: AsyncConnection,
        subject: str,
        contract: str | None,
        what: str,
        *,
        before: str,
        after: str,
        who: str,
        source: str,
    ) -> None: ...
