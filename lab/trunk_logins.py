"""Registering with other carriers as a part of telephony."""

from ivr.net.driver import Driver
from ivr.sip.events import Flow
from ivr.ua.agent import Agent
from ivr.ua.asking import Asking
from ivr.ua.log import Log
from ivr.ua.occupancy import trunk_key
from ivr.ua.trunk_registration import RegistrationTerms, Surroundings, TrunkRegistrations
from ivr.ua.ways import peers_of
from provisioning.contract import Trunk
from provisioning.office import Office


class TrunkLogins:
    """Keeps us registered with the trunks that want it, once `open`."""

    def __init__(self, office: Office, driver: Driver, log: Log) -> None:
        self._trunks, self._driver = office.trunks, driver
        self._asking = Asking(driver)
        self._registrations = TrunkRegistrations(
            office.trunks,
            office.trunks.all,
            Surroundings(self._asking.send, self._flow, driver.endpoint.address),
            RegistrationTerms(),
            log,
            office.events,
        )

    def open(self, agent: Agent) -> None:
        """Register, and follow the changes of trunks."""
        agent.hear(self._asking.handle)
        self._trunks.altered.append(self._registrations.settle)
        self._registrations.settle()

    async def close(self) -> None:
        """Take every registration back."""
        await self._registrations.close()

    def _flow(self, trunk: Trunk) -> Flow | None:
        ((way,),) = peers_of(trunk.peers[:1], "", trunk_key(trunk.name), self._driver.transports)
        return way.flow
