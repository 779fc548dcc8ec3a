"""Message lamps as a part of telephony: boxes that change, and the phones that are told."""

from collections.abc import Callable, Sequence

from ivr.net.driver import Driver
from ivr.sip.subscription import Terms
from ivr.ua.agent import Agent
from ivr.ua.asking import Asking
from ivr.ua.callers import Callers
from ivr.ua.log import Log
from ivr.ua.message_summary import PACKAGE
from ivr.ua.mwi import LampPolicy, MessageLamps
from ivr.ua.mwi_unasked import Heralds
from ivr.ua.registrar import Registrar
from ivr.ua.ways import Way
from lab.settings import Settings
from provisioning.contract import E164, Line
from provisioning.office import Office

PLAYBACK = "voicemail-playback"
"""The service whose code a phone calls to hear its messages."""
USUAL_CODE = "1417"

Reach = Callable[[E164], Sequence[Way]]


class Lamps:
    """Takes subscriptions once `open`; the office and the registrations are there before."""

    def __init__(
        self,
        settings: Settings,
        office: Office,
        driver: Driver,
        callers: Callers,
        reach: Reach,
        log: Log,
    ) -> None:
        self._office = office
        sip = settings.sip
        self._unasked = sip.mwi_unsolicited
        self._asking = Asking(driver)
        self._lamps = MessageLamps(
            driver,
            callers,
            office.directory,
            office.voicemail,
            self._code,
            LampPolicy(
                Terms(least_s=sip.subscription_min_s, most_s=sip.subscription_max_s),
                sip.contacts_per_user,
            ),
            log,
        )
        self._heralds = Heralds(
            self._asking.ask,
            office.voicemail,
            reach,
            self._lamps.tells,
            driver.endpoint.address,
            self._code_of,
            sip.public_host,
            log,
        )

    def open(self, agent: Agent, registrar: Registrar) -> None:
        """Take subscriptions, and tell phones as boxes change."""
        office = self._office
        office.voicemail.watchers.append(self._lamps.changed)
        office.directory.watchers.append(self._lamps.forget_user)
        office.directory.removal_watchers.append(self._lamps.forget_line)
        agent.tell_of(PACKAGE, self._lamps.received, self._lamps.ended, self._asking.handle)
        if self._unasked:
            office.voicemail.watchers.append(self._heralds.changed)
            registrar.watchers.append(self._registered)

    def __len__(self) -> int:
        """How many subscriptions stand."""
        return len(self._lamps)

    async def resume(self) -> None:
        """Tell everyone how the boxes count in the storage that is there now."""
        await self._lamps.reload()

    async def close(self) -> None:
        """End every subscription and tell nobody any more."""
        await self._heralds.close()
        await self._lamps.close()

    def _registered(self, user: str) -> None:
        account = self._office.directory.account(user)
        if account is not None:
            self._heralds.registered(account.line)

    def _code_of(self, number: E164) -> str:
        line = self._office.directory.line(number)
        return self._code(line) if line is not None else USUAL_CODE

    def _code(self, line: Line) -> str:
        services = self._office.profiles.of(line.profile).services
        return next((code for code, name in services.items() if name == PLAYBACK), USUAL_CODE)
