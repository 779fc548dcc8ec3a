"""The office as a part of the assembly: opened, seeded, closed."""

from pydantic import SecretStr

from lab import areas
from lab.errors import Refused
from lab.settings import Settings
from provisioning.billing.tariff_file import BadTariff
from provisioning.contract import ContractError
from provisioning.db.engine import BadDatabaseUrl
from provisioning.db.migrate import SchemaTooNew
from provisioning.lines.sealing import WrongKey
from provisioning.office import Office, OfficeSettings
from provisioning.profiles.model import BadProfile
from provisioning.seeds import Seed

UNUSABLE = (ContractError, BadDatabaseUrl, SchemaTooNew, WrongKey, BadProfile, BadTariff)


class OfficePart:
    """Opens the storage and makes what the seed says; `office` is there once started."""

    name = "office"

    def __init__(self, settings: Settings, seed: Seed) -> None:
        self._settings, self._seed = settings, seed
        self._office: Office | None = None

    @property
    def office(self) -> Office:
        """The open office."""
        if self._office is None:
            raise RuntimeError("the office is used before it is open")
        return self._office

    async def start(self) -> None:
        """Open and seed.

        Raises:
            Refused: the storage cannot be used, or the seed contradicts itself.
        """
        try:
            self._office = await Office.open(office_settings(self._settings))
            await self._office.plant(self._seed)
        except UNUSABLE as error:
            await self.stop(0)
            raise Refused(f"storage: {error}") from None

    async def stop(self, grace_s: float) -> None:
        """Keep what waits to be saved, and close."""
        if self._office is not None:
            await self._office.close()
            self._office = None


def office_settings(settings: Settings) -> OfficeSettings:
    """The office's share of the settings."""
    return OfficeSettings(
        data=settings.storage.folder,
        realm=settings.sip.realm,
        database=_plain(settings.storage.url),
        key=_plain(settings.storage.key),
        wait_s=settings.storage.wait_s,
        support=settings.portal.support,
        server=_server(settings.sip.public_host, settings.sip.port),
        selfcare=settings.portal.limits,
        records_days=settings.records.keep_days,
        tariffs=settings.billing.tariffs,
        messages=settings.messages.limits,
        voicemail=settings.voicemail.limits,
        geography=areas.geography(),
    )


def _server(host: str, port: int) -> str:
    """Where phones register, as a letter says it; a port that is chosen at start is not known."""
    literal = f"[{host}]" if ":" in host else host
    return f"{literal}:{port}" if port else literal


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
