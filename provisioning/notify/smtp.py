"""Hand mails to a server by SMTP (RFC 5321) and say for certain what became of each."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiosmtplib

from provisioning.notify.address import StartTls


class Unreachable(Exception):
    """No mail can be handed over now: nobody answers, or the server lets us in no further."""


class RefusedNow(Exception):
    """The server does not take this mail now (a 4xx reply)."""


class Refused(Exception):
    """The server will never take this mail (a 5xx reply)."""


class Silence(Exception):
    """The connection ended after the mail was handed over and before the server said a word."""


STARTTLS = {StartTls.REQUIRED: True, StartTls.OFFERED: None, StartTls.OFF: False}


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds to wait for the server's replies (RFC 5321 §4.5.3.2).

    `data_s` is so long for a reason (§4.5.3.2.6): a server that took a mail and answers late
    must not get it again.
    """

    command_s: float = 300.0
    data_s: float = 600.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails go, and as whom."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    starttls: StartTls = StartTls.REQUIRED
    authorities: Path | None = None
    waits: Waits = Waits()

    @property
    def place(self) -> str:
        """`host:port`, without the login."""
        return f"{self.host}:{self.port}"


class Session(Protocol):
    """A connection over which mails are handed over, one after the other."""

    async def offer(self, sender: str, recipient: str) -> None:
        """Name the envelope; `RefusedNow`, `Refused` or `Unreachable` when it is not taken."""

    async def withdraw(self) -> None:
        """Forget the envelope."""

    async def hand_over(self, message: bytes) -> None:
        """Return once the server has taken the mail; `RefusedNow`, `Refused` or `Silence`."""


class Postman(Protocol):
    """Whoever takes the mails of the outbox to a server."""

    place: str

    def session(self) -> AbstractAsyncContextManager[Session]:
        """A connection, closed at the end; `Unreachable` when there is none."""


class SmtpPostman:
    """Speaks SMTP with one server."""

    def __init__(self, server: MailServer, *, local_name: str = "localhost") -> None:
        self._server, self._local_name = server, local_name
        self.place = server.place

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Connect, secure, log in; in the end say goodbye, and hang up whatever is answered."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            local_hostname=self._local_name,
            use_tls=server.tls,
            start_tls=False if server.tls else STARTTLS[server.starttls],
            cert_bundle=str(server.authorities) if server.authorities else None,
            timeout=server.waits.command_s,
        )
        try:
            with _connecting(server.place):
                await client.connect()
            yield _SmtpSession(client, server.waits)
            with suppress(aiosmtplib.SMTPException):
                await client.quit(timeout=GOODBYE_S)
        finally:
            client.close()


GOODBYE_S = 5.0
"""How long the answer to QUIT is waited for: it changes nothing any more."""


class _SmtpSession:
    """One connection; the envelope is reset after a refusal."""

    def __init__(self, client: aiosmtplib.SMTP, waits: Waits) -> None:
        self._client, self._waits = client, waits

    async def offer(self, sender: str, recipient: str) -> None:
        try:
            await self._client.mail(sender)
            await self._client.rcpt(recipient)
        except aiosmtplib.SMTPSenderRefused as error:
            # Not this mail's fault: the sender is the same for all.
            raise Unreachable(f"the server refuses our sender ({error.code})") from None
        except aiosmtplib.SMTPResponseException as error:
            await self.withdraw()
            raise _refusal(error) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unreachable(_broken(error)) from None

    async def withdraw(self) -> None:
        with suppress(aiosmtplib.SMTPException, OSError):
            await self._client.rset()

    async def hand_over(self, message: bytes) -> None:
        try:
            await self._client.data(message, timeout=self._waits.data_s)
        except aiosmtplib.SMTPResponseException as error:
            if 200 <= error.code < 300:
                return  # the first digit is the verdict (RFC 5321 §4.2.1)
            if not 400 <= error.code < 600:
                raise Silence(f"the server answered {error.code}, which says nothing") from None
            await self.withdraw()
            raise _refusal(error) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Silence(_broken(error)) from None


def _refusal(error: aiosmtplib.SMTPResponseException) -> RefusedNow | Refused:
    """By the first digit of the reply (RFC 5321 §4.2.1). Its text is the server's: not kept."""
    why = f"the server answered {error.code}"
    return Refused(why) if 500 <= error.code < 600 else RefusedNow(why)


def _broken(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the server did not answer in time"
    return f"the connection ended ({type(error).__name__})"


@contextmanager
def _connecting(place: str) -> Iterator[None]:
    """Say in a person's words why there is no connection; never the login."""
    try:
        yield
    except aiosmtplib.SMTPAuthenticationError as error:
        raise Unreachable(
            f"{place} refuses the login ({error.code}): check user and password of mail.server"
        ) from None
    except aiosmtplib.SMTPResponseException as error:
        raise Unreachable(f"{place} answered {error.code}") from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        if isinstance(error, TimeoutError):
            raise Unreachable(f"{place} did not answer in time") from None
        raise Unreachable(f"{place} cannot be reached ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    """The library's words name host and port, certificate or missing extension, no secret."""
    return str(error).partition("\n")[0] or type(error).__name__
