"""The whole user-agent layer over a driver and a media engine, the office in memory."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from ivr.net.driver import Driver
from ivr.net.media_engine import MediaEngine
from ivr.sip.settings import EndpointSettings
from ivr.ua.agent import Agent
from ivr.ua.authentication import AuthenticationPolicy, Authenticator
from ivr.ua.bindings import RegistrarLimits
from ivr.ua.callers import Callers
from ivr.ua.coupling import Couplings, CouplingSettings
from ivr.ua.dialler import Dialler
from ivr.ua.inbound import InboundCalls, Serve
from ivr.ua.leg import Exchange
from ivr.ua.occupancy import Occupancy
from ivr.ua.parties import Parties
from ivr.ua.policy import CallPolicy
from ivr.ua.registrar import Registrar
from ivr.ua.silence import SilenceWatch
from ivr.ua.sound import SoundSettings, Srtp
from ivr.ua.ticket import Tickets
from ivr.ua.transfer import ReferredLeg, TransferPolicy, Transfers
from provisioning.contract import Binding
from provisioning.trunks.memory import MemoryTrunks
from tests.support.fake_records import InMemoryRecords, ToldEvents
from tests.support.fakes import InMemoryBindings, InMemoryDirectory
from tests.support.notes import Notes

REALM = "tokuban"
Referred = Callable[[ReferredLeg], Coroutine[Any, Any, object]]


@dataclass(frozen=True)
class Ground:
    """What the user agents stand on."""

    driver: Driver
    media: MediaEngine
    directory: InMemoryDirectory
    trunks: MemoryTrunks
    bindings: InMemoryBindings
    records: InMemoryRecords
    events: ToldEvents
    notes: Notes
    host: str
    srtp: Srtp = Srtp.OFF


class UserAgents:
    """Put together as the carrier puts them together; `serve` is what becomes of a caller.

    `contacts` says where users' phones are, in place of the registrar. With `referred` each party
    may be sent to any number by REFER, and that is what becomes of it.
    """

    def __init__(
        self,
        ground: Ground,
        settings: EndpointSettings,
        policy: CallPolicy,
        serve: Serve,
        contacts: Callable[[str], Iterable[Binding]] | None = None,
        referred: Referred | None = None,
    ) -> None:
        driver, media, notes = ground.driver, ground.media, ground.notes
        sound = SoundSettings(ground.host, srtp=ground.srtp)
        tickets = Tickets(ground.records, ground.events, lambda: (1000.0, 2000.0))
        callers = _callers(ground)
        self.registrar = Registrar(
            driver, callers, ground.bindings, RegistrarLimits(), notes, ground.events
        )
        self.occupancy = occupancy = Occupancy()
        silence = SilenceWatch(policy, notes)
        parties = Parties(contacts or self.registrar.of, ground.directory, ground.trunks)
        self.dialler = Dialler(
            driver, media, parties, tickets, sound, policy, occupancy, silence, notes
        )
        self.couplings = Couplings(driver, CouplingSettings(), notes)
        if referred is not None:
            self.transfers = self._transfers(ground, tickets, policy, referred)
        exchange = Exchange(self.dialler, self.couplings, occupancy, silence)
        self.calls = InboundCalls(
            driver, media, callers, serve, sound, policy, notes, tickets, exchange
        )
        self.agent = Agent(driver, settings, self.calls, self.dialler, self.registrar, notes)

    def _transfers(
        self, ground: Ground, tickets: Tickets, policy: CallPolicy, referred: Referred
    ) -> Transfers:
        return Transfers(
            ground.driver,
            tickets,
            self.couplings,
            self.dialler,
            lambda side: ground.directory.account(side.whose),
            lambda dialled: True,
            referred,
            TransferPolicy(calls_per_user=policy.calls_per_user),
            self.occupancy,
            ground.notes,
        )


def _callers(ground: Ground) -> Callers:
    policy = AuthenticationPolicy(REALM)
    authenticator = Authenticator(ground.directory, policy, ground.notes, ground.trunks)
    return Callers(authenticator, ground.directory, ground.trunks)
