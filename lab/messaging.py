"""Messages as a part of telephony: taken, kept by the office, delivered."""

from ivr.net.driver import Driver
from ivr.ua.agent import Agent
from ivr.ua.asking import Asking
from ivr.ua.callers import Callers
from ivr.ua.log import Log
from ivr.ua.message import MessageDesk, MessagePolicy
from ivr.ua.message_delivery import Deliveries, Patience
from ivr.ua.message_wire import TEXT
from ivr.ua.registrar import Registrar
from ivr.ua.ways import Way, groups_of
from lab.settings import Settings
from provisioning.contract import E164, LineStatus
from provisioning.office import Office


class Messaging:
    """Takes messages once `open`; the office and the registrations are there before."""

    def __init__(
        self,
        settings: Settings,
        office: Office,
        driver: Driver,
        registrar: Registrar,
        callers: Callers,
        log: Log,
    ) -> None:
        self._office, self._driver, self._registrar = office, driver, registrar
        self._asking = Asking(driver)
        own = settings.messages
        self._deliveries = Deliveries(
            self._asking.ask,
            office.messages,
            self.reach,
            settings.sip.public_host,
            Patience(own.first_retry_s, own.longest_retry_s),
            log,
        )
        self._desk = MessageDesk(
            driver,
            callers,
            office.directory,
            office.messages,
            self._deliveries,
            MessagePolicy(own.per_minute, own.per_minute_trunk, own.answer_within_s),
            log,
        )

    async def open(self, agent: Agent) -> None:
        """Take messages, and deliver what waits as phones register."""
        self._office.messages.watchers.append(self._deliveries.add)
        self._office.messages.endings.append(self._deliveries.forget)
        self._office.directory.removal_watchers.append(self._deliveries.forget_line)
        self._registrar.watchers.append(self._registered)
        agent.serve("MESSAGE", self._desk.received, self._asking.handle, TEXT)
        await self._deliveries.load()

    async def pause(self) -> None:
        """Take and deliver none; what was taken is kept."""
        await self._deliveries.close()
        await self._desk.close()

    async def resume(self) -> None:
        """Go on with what is kept now."""
        await self._deliveries.load()
        self._desk.resume()

    @property
    def waiting(self) -> int:
        """How many messages wait for a phone."""
        return self._deliveries.waiting()

    def _registered(self, user: str) -> None:
        account = self._office.directory.account(user)
        if account is not None:
            self._deliveries.registered(account.line)

    def reach(self, number: E164) -> list[Way]:
        """The phones of a line, of every access; none while it is suspended."""
        line = self._office.directory.line(number)
        if line is None or line.status is LineStatus.SUSPENDED:
            return []
        bindings = (
            (account.user, binding)
            for account in self._office.directory.accounts_of(number)
            for binding in self._registrar.of(account.user)
        )
        groups = groups_of(bindings, self._driver.transports)
        return [way for group in groups for way in group]
