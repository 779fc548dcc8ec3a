"""Mail as a part of the assembly: the catcher, and the outbox's way to a server."""

import errno
import ipaddress
import socket

import structlog
from pydantic import SecretStr

from lab.errors import Refused
from lab.mail_settings import MailSettings
from lab.web import bind_failure, family_of
from provisioning.notify.address import Sender, ServerAddress, StartTls
from provisioning.notify.catcher import Catcher
from provisioning.notify.model import Patience
from provisioning.notify.smtp import MailServer, SmtpPostman, Waits
from provisioning.office import Office

log = structlog.stdlib.get_logger("tokuban.mail")

USUAL_PORT = 1025
SHARE_TO_DELIVER = 0.8


class MailPart:
    """Catches mail, and delivers the outbox there or to the configured server."""

    name = "mail"

    def __init__(self, settings: MailSettings, office: Office, *, catches: bool = True) -> None:
        self._settings, self._office, self._catches = settings, office, catches
        self._catcher: Catcher | None = None
        self.port: int | None = None
        """The catcher's port once it runs."""

    async def start(self) -> None:
        """Catch, and deliver what waits.

        Raises:
            Refused: the catcher's port is taken.
        """
        self._office.caught.keep_at_most(self._settings.catcher_keeps)
        if self._catches:
            await self._start_catcher()
        server = self._server()
        if server is None:
            log.warning("mail.waits", reason="mail.server names no server and nothing is caught")
            return
        self._office.outbox.be_patient(self._patience)
        self._office.outbox.start(
            SmtpPostman(server),
            Sender.parsed(self._settings.sender),
            knows_repeats=self._settings.server is None,
        )

    async def stop(self, grace_s: float) -> None:
        """Let a mail on its way arrive, then close."""
        await self._office.outbox.stop(grace_s * SHARE_TO_DELIVER)
        if self._catcher is not None:
            await self._catcher.stop()

    async def _start_catcher(self) -> None:
        listening = _listen(self._settings.catcher_host, self._settings.catcher_port)
        self.port = int(listening.getsockname()[1])
        self._catcher = Catcher(self._office.caught)
        await self._catcher.start(listening)
        log.info("mail.catching", port=self.port)

    @property
    def _patience(self) -> Patience:
        settings = self._settings
        return Patience(
            first_s=settings.first_retry_s,
            longest_s=max(settings.longest_retry_s, settings.first_retry_s),
            give_up_s=settings.give_up_h * 3600,
        )

    @property
    def _reached(self) -> str:
        """Where this process reaches its own catcher."""
        host = ipaddress.ip_address(self._settings.catcher_host)
        if not host.is_unspecified:
            return str(host)
        return "127.0.0.1" if host.version == 4 else "::1"

    def _server(self) -> MailServer | None:
        settings = self._settings
        waits = Waits(settings.command_timeout_s, settings.data_timeout_s)
        if settings.server is not None:
            return _configured(settings, settings.server, waits)
        if self.port is None:
            return None
        return MailServer(self._reached, self.port, starttls=StartTls.OFF, waits=waits)


def _configured(settings: MailSettings, url: SecretStr, waits: Waits) -> MailServer:
    address = ServerAddress.parsed(url.get_secret_value())
    return MailServer(
        address.host,
        address.port,
        user=address.user,
        password=address.password,
        tls=address.tls,
        starttls=settings.starttls,
        authorities=settings.ca_file,
        waits=waits,
    )


def _listen(host: str, port: int | None) -> socket.socket:
    """A listening socket on the port; without one on the usual port or a free one."""
    listening = socket.socket(family_of(host), socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listening.bind((host, USUAL_PORT if port is None else port))
        except OSError as error:
            if port is not None or error.errno != errno.EADDRINUSE:
                raise
            listening.bind((host, 0))
        listening.listen(64)
    except OSError as error:
        listening.close()
        what = bind_failure(error, "mail", host, port or USUAL_PORT, "mail.catcher_port =")
        raise Refused(what) from None
    listening.setblocking(False)
    return listening
