"""Telephony as a part of the assembly: sockets, signalling, media and the flows above them."""

import asyncio
import random
import secrets
from contextlib import suppress

import structlog

from ivr.flows.freephone import FreephoneDesk
from ivr.flows.incoming import Incoming, Office
from ivr.flows.registry import Services
from ivr.net.driver import Driver, Tap
from ivr.net.media_engine import MediaEngine, RtpPorts
from ivr.net.tcp import StreamTransport
from ivr.net.udp import UdpTransport
from ivr.numbering.route import AssignedLine, route_inward
from ivr.sip.endpoint import Endpoint
from ivr.sip.events import Event
from ivr.ua.agent import Agent
from ivr.ua.authentication import Authenticator
from ivr.ua.callers import Callers
from ivr.ua.coupling import Couplings, CouplingSettings
from ivr.ua.dialler import Dialler
from ivr.ua.inbound import InboundCalls
from ivr.ua.leg import Exchange, InboundLeg
from ivr.ua.occupancy import Occupancy
from ivr.ua.parties import Parties
from ivr.ua.registrar import Registrar
from ivr.ua.silence import SilenceWatch
from ivr.ua.ticket import Tickets
from ivr.ua.transfer import ReferredLeg, TransferPolicy, Transfers
from lab import areas
from lab.errors import Refused
from lab.message_lamps import Lamps
from lab.messaging import Messaging
from lab.office_part import OfficePart
from lab.settings import Settings
from lab.telephony_terms import (
    authentication,
    call_limits,
    call_policy,
    endpoint_settings_of,
    registrar_limits,
)
from lab.told_address import sound_settings_of
from lab.transports import listen_further, stream_limits
from lab.trunk_logins import TrunkLogins
from lab.web import bind_failure
from prompts.catalogue import Voices
from provisioning import calendar
from provisioning.contract import Directory

log = structlog.stdlib.get_logger("tokuban.telephony")

_PLAIN = ("UDP", "TCP")


class TelephonyPart:
    """Takes registrations and calls once started; needs the office part started before it."""

    name = "telephony"

    def __init__(
        self, settings: Settings, office: OfficePart, voices: Voices, taps: tuple[Tap, ...] = ()
    ) -> None:
        self._settings = settings
        self._office = office
        self._voices = voices
        self._taps = taps
        self.port = settings.sip.port
        self.media: MediaEngine | None = None
        self.calls: InboundCalls | None = None
        self.registrar: Registrar | None = None
        # Bound once: the module's own logger is put together anew for each line.
        self._log = log.bind()
        self._agent: Agent | None = None
        self._driver: Driver | None = None
        self._transfers: Transfers | None = None
        self._messaging: Messaging | None = None
        self._lamps: Lamps | None = None
        self._logins: TrunkLogins | None = None

    @property
    def secured(self) -> dict[str, int]:
        """The ports of the transports besides UDP and TCP, by name."""
        known = self._driver.transports if self._driver else {}
        return {name: each.local[1] for name, each in known.items() if name not in _PLAIN}

    @property
    def messages_waiting(self) -> int:
        """Messages that no phone has yet."""
        return self._messaging.waiting if self._messaging else 0

    @property
    def lamps(self) -> int:
        """Subscriptions to boxes."""
        return len(self._lamps) if self._lamps is not None else 0

    @property
    def rejected(self) -> int:
        """Messages that were refused or ignored for what they are."""
        return self._agent.rejected if self._agent else 0

    async def start(self) -> None:
        """Bind the SIP ports, load registrations, take calls.

        Raises:
            Refused: an address or port is not to be had, or a service code has no flow.
        """
        settings = self._settings
        endpoint_settings = endpoint_settings_of(settings)
        endpoint = Endpoint(endpoint_settings, _token, random.SystemRandom().random)
        self._driver = driver = Driver(endpoint, self._handle, _failed)
        driver.taps.extend(self._taps)
        self.media = MediaEngine(
            RtpPorts(settings.sip.host, settings.media.low, settings.media.high),
            packet_filter=settings.media.packet_filter,
        )
        callers = self._make_callers()
        self.registrar = registrar = await self._open_registrar(driver, callers)
        self._take_calls(driver, self.media, callers, registrar)
        self._incoming = self._make_incoming()
        await self._listen(driver)
        await self._take_messages(driver, callers, registrar)
        self._light_lamps(driver, callers, registrar)
        if self._agent is not None:
            self._logins = TrunkLogins(self._office.office, driver, self._log)
            self._logins.open(self._agent)

    def _light_lamps(self, driver: Driver, callers: Callers, registrar: Registrar) -> None:
        if self._agent is None or self._messaging is None:
            return
        office, reach = self._office.office, self._messaging.reach
        self._lamps = Lamps(self._settings, office, driver, callers, reach, self._log)
        self._lamps.open(self._agent, registrar)

    async def _take_messages(self, driver: Driver, callers: Callers, registrar: Registrar) -> None:
        office = self._office.office
        messaging = Messaging(self._settings, office, driver, registrar, callers, self._log)
        if self._agent is not None:
            await messaging.open(self._agent)
        self._messaging = messaging

    def _take_calls(
        self, driver: Driver, media: MediaEngine, callers: Callers, registrar: Registrar
    ) -> None:
        """Put together who answers callers, and who rings parties for them."""
        office, sip = self._office.office, self._settings.sip
        sound = sound_settings_of(self._settings)
        policy = call_policy(self._settings)
        tickets = Tickets(office.records, office.events, office.clocks)
        occupancy, silence = Occupancy(), SilenceWatch(policy, self._log)
        parties = Parties(registrar.of, office.directory, office.trunks)
        dialler = Dialler(
            driver, media, parties, tickets, sound, policy, occupancy, silence, self._log
        )
        couplings = Couplings(driver, CouplingSettings(sip.hold_tone), self._log)
        self._transfers = self._take_referrals(driver, tickets, couplings, dialler, occupancy)
        self.calls = calls = InboundCalls(
            driver,
            media,
            callers,
            self._serve,
            sound,
            policy,
            self._log,
            tickets,
            Exchange(dialler, couplings, occupancy, silence),
        )
        self._agent = Agent(
            driver, endpoint_settings_of(self._settings), calls, dialler, registrar, self._log
        )

    def _take_referrals(
        self,
        driver: Driver,
        tickets: Tickets,
        couplings: Couplings,
        dialler: Dialler,
        occupancy: Occupancy,
    ) -> Transfers:
        directory = self._office.office.directory
        return Transfers(
            driver,
            tickets,
            couplings,
            dialler,
            lambda side: directory.account(side.whose),
            lambda dialled: _leads_to_a_line(dialled, directory),
            self._serve,
            TransferPolicy(calls_per_user=self._settings.sip.calls_per_user),
            occupancy,
            self._log,
        )

    def _make_callers(self) -> Callers:
        office = self._office.office
        policy = authentication(self._settings)
        authenticator = Authenticator(office.directory, policy, log, office.trunks)
        return Callers(authenticator, office.directory, office.trunks)

    async def _open_registrar(self, driver: Driver, callers: Callers) -> Registrar:
        office = self._office.office
        limits = registrar_limits(self._settings)
        registrar = Registrar(driver, callers, office.bindings, limits, self._log, office.events)
        await registrar.load()
        office.directory.watchers.append(registrar.forget)
        office.trunks.watchers.append(registrar.forget)
        return registrar

    def _make_incoming(self) -> Incoming:
        office = self._office.office
        try:
            return Incoming(
                Office(
                    office.directory,
                    office.profiles,
                    Services(office.forwarding, office.presentation, office.voicemail),
                    self._voices,
                    office.trunks,
                    self._settings.sip.overlap,
                    self._freephone_desk(),
                ),
                call_limits(self._settings),
            )
        except ValueError as error:
            raise Refused(f"service codes: {error}") from None

    def _freephone_desk(self) -> FreephoneDesk:
        office = self._office.office
        return FreephoneDesk(
            office.freephones,
            areas.packaged(),
            lambda: calendar.moment(office.clock.seconds()),
        )

    async def _listen(self, driver: Driver) -> None:
        """UDP and TCP on one port; a free one is asked for as long as TCP finds UDP's taken."""
        sip = self._settings.sip
        limits = stream_limits(sip)
        for attempt in range(20):
            udp = UdpTransport(
                driver,
                driver.undeliverable,
                driver.refused,
                late_after_s=sip.shed_after_ms / 1000,
            )
            tcp = StreamTransport(driver, limits)
            try:
                await udp.listen(sip.host, sip.port)
                try:
                    await tcp.listen(sip.host, udp.local[1])
                except OSError:
                    await udp.close()
                    raise
            except OSError as error:
                if sip.port == 0 and attempt < 19:
                    continue
                raise Refused(
                    bind_failure(error, "SIP", sip.host, sip.port, "--sip-port")
                ) from None
            driver.add(udp)
            driver.add(tcp)
            if sip.shed_after_ms:
                driver.endpoint.shed_when(udp.late)
            self.port = udp.local[1]
            await listen_further(self._settings, driver, self.port, self._log)
            return

    async def pause(self, grace_s: float) -> int:
        """Refuse new calls, hang up the running ones, finish registrations; how many calls ended.

        Phones may still register.
        """
        if self.calls is None or self.registrar is None:
            return 0
        running = len(self.calls)
        await self._drain(self.calls, grace_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self.registrar.close()
        return running

    async def _drain(self, calls: InboundCalls, grace_s: float) -> None:
        """Refuse new calls and hang up the running ones."""
        calls.draining = True
        if self._transfers is not None:
            await self._transfers.drain()
        if self._messaging is not None:
            await self._messaging.pause()
        await calls.drain(grace_s)

    async def resume(self) -> None:
        """Take over the registrations that are stored now, and take calls again."""
        if self.calls is None or self.registrar is None:
            return
        try:
            await self.registrar.load()
        finally:
            self.calls.resume()
            if self._messaging is not None:
                await self._messaging.resume()
            if self._lamps is not None:
                await self._lamps.resume()

    async def stop(self, grace_s: float) -> None:
        """Refuse new calls, hang up the running ones, finish registrations, close the sockets."""
        if self.calls is not None:
            await self._drain(self.calls, grace_s * 0.6)
        if self._lamps is not None:
            await self._lamps.close()
        if self._logins is not None:
            await self._logins.close()
        if self._driver is not None:
            await self._driver.quiet(grace_s * 0.3)
        if self.registrar is not None:
            await self.registrar.close()
        if self.media is not None:
            self.media.close()
        if self._driver is not None:
            await self._driver.close()

    def _handle(self, event: Event) -> None:
        if self._agent is not None:
            self._agent.handle(event)

    async def _serve(self, leg: InboundLeg | ReferredLeg) -> None:
        line = leg.account.line if leg.account else None
        bound = self._log.bind(call_id=leg.call_id, line=line, user=leg.whose)
        await self._incoming.serve(leg, bound)


def _leads_to_a_line(dialled: str, directory: Directory) -> bool:
    """Whether a number may be sent to by REFER: no service, and nothing outside of the network."""
    return isinstance(route_inward(dialled, directory).destination, AssignedLine)


def _token() -> str:
    return secrets.token_hex(10)


def _failed(what: str, error: Exception) -> None:
    if isinstance(error, OSError):
        log.warning("sip.undeliverable", what=what, error=str(error))
    else:
        log.error("sip.failed", what=what, error=repr(error), exc_info=error)
