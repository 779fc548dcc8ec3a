"""Everything that happens to an authenticated caller, from the dialled number to the hang-up."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ivr.call.call import Call
from ivr.call.leg import Caller, Ticket
from ivr.call.limits import CallLimits
from ivr.call.log import Log
from ivr.call.outcome import CallOver, Outcome
from ivr.call.party import Role
from ivr.call.subscriber import Subscriber, Visitor
from ivr.flows import talkies
from ivr.flows.digit_by_digit import DigitByDigit, refuse_at_once
from ivr.flows.freephone import FreephoneCall, FreephoneDesk, Going
from ivr.flows.line_call import LineCall, Lines
from ivr.flows.origin import Origin, subscribers, visitors
from ivr.flows.registry import BoundFlow, Key, Services, bind, problems
from ivr.numbering import calling_from
from ivr.numbering.access import leaves_through
from ivr.numbering.overlap import OVERLAP_DIALLING
from ivr.numbering.plan import CallerIdPrefix, Dialled, Kind
from ivr.numbering.route import (
    AssignedLine,
    Emergency,
    Incomplete,
    Route,
    Service,
    ToFreephone,
    ToTrunk,
    route,
    route_inward,
)
from prompts.catalogue import Prompt, Voices
from provisioning.contract import (
    E164,
    Directory,
    Freephone,
    Language,
    NotContracted,
    Profile,
    Profiles,
    StorageUnavailable,
    Trunks,
    UnknownLine,
)

SERVER_ERROR = 500
UNAVAILABLE = 503
FORBIDDEN = 403
LONGEST_LOGGED = 80

REMOTE = "voicemail-remote"
TALKIE = "talkie"
"""The service of a call that only heard why it cannot be served."""


@dataclass(frozen=True, slots=True)
class Office:
    """What incoming calls need of the office and its voices; without `trunks` no call leaves.

    Without `freephone` nobody has contracted a freephone number.

    `overlap`: the phones of all lines may dial digit by digit, not only those of lines with the
    option.
    """

    directory: Directory
    profiles: Profiles
    services: Services
    voices: Voices
    trunks: Trunks | None = None
    overlap: bool = False
    freephone: FreephoneDesk | None = None


class Incoming:
    """Serves every call that comes in.

    Raises:
        ValueError: a service code has no flow or a flow no code; the message lists them.
    """

    def __init__(self, office: Office, limits: CallLimits) -> None:
        faults = problems([office.profiles.of(profile) for profile in Profile])
        if faults:
            raise ValueError("; ".join(faults))
        self._office = office
        self._limits = limits
        self._flows: Mapping[Key, BoundFlow] = bind(
            office.services, {Directory: office.directory, Profiles: office.profiles}
        )
        self._lines = Lines(
            office.directory,
            office.profiles,
            office.services.forwarding,
            office.services.mailboxes,
            office.trunks,
            office.voices,
        )
        self._numbers = remote_numbers(office.profiles)
        self._freephones = office.freephone.freephones if office.freephone else None
        self._going = Going()
        self._digits = DigitByDigit()

    async def serve(self, leg: Caller, log: Log) -> Outcome:
        """Serve one caller until the network hangs up.

        The task that runs this is cancelled when the caller hangs up. Nothing else
        leaves it but that: whatever fails inside is logged, and the caller is told.

        Args:
            leg: the caller.
            log: bound to the call by whoever made the leg; a structlog logger fits.
        """
        try:
            party = self._party(leg)
        except Exception as error:
            log.error("caller.unknown", call_id=leg.call_id, error=repr(error), exc_info=True)
            leg.hang_up(SERVER_ERROR)
            return Outcome.FAILED

        async def flow(call: Call) -> None:
            await self._flow_for(leg, party, log)(call)

        call = Call(leg, party, self._limits, log)
        try:
            outcome = await guarded(call, flow)
            leg.ticket.outcome = outcome.value
            return outcome
        finally:
            call.release()

    def _party(self, leg: Caller) -> Subscriber | Visitor:
        if leg.account is None:
            return Visitor(self._office.voices.of(Language.JA.value))
        line = self._office.directory.line(leg.account.line)
        if line is None:
            raise UnknownLine(f"account {leg.account.user} belongs to no line")
        voice = self._office.voices.of(line.language.value)
        return Subscriber(line, self._office.profiles.of(line.profile), voice)

    def _flow_for(self, leg: Caller, party: Subscriber | Visitor, log: Log) -> BoundFlow:
        """What serves a caller after what they dialled: a service, a call, or a talkie."""
        found = self._route(leg.dialled, party)
        _tell(log, leg.dialled, found)
        _note(leg.ticket, found, party)
        flow = self._leading(leg, party, found, log)
        if leg.account is None:
            return flow
        self._digits.dialled(leg.account.user, leg.dialled)
        if not found.extendable:
            return flow
        wait_s = self._limits.inter_digit_s
        return self._digits.patient(leg.account.user, leg.dialled, flow, wait_s)

    def _leading(
        self, leg: Caller, party: Subscriber | Visitor, found: Route, log: Log
    ) -> BoundFlow:
        match found.destination:
            case Service() as service:
                return limited(self._service(party, service), self._limits)
            case (AssignedLine() | ToTrunk()) as destination:
                return self._connection(leg, party, found.dialled, destination)
            case ToFreephone(freephone=contract):
                return self._freephone(leg, party, found.dialled, contract)
            case Incomplete():
                return _more_digits
            case Emergency():
                who = party.line.number if isinstance(party, Subscriber) else None
                log.warning("emergency.refused", line=who, dialled=found.dialled.digits)
        return _talkie(talkies.TALKIES[type(found.destination)])

    def _route(self, dialled: str, party: Subscriber | Visitor) -> Route:
        office = self._office
        if isinstance(party, Visitor):
            return route_inward(dialled, office.directory, self._numbers, self._freephones)
        return route(
            dialled,
            party.line,
            party.profile,
            office.directory,
            office.trunks,
            numbers=self._numbers,
            freephones=self._freephones,
            overlap=office.overlap or OVERLAP_DIALLING in party.line.options,
        )

    def _service(self, party: Subscriber | Visitor, service: Service) -> BoundFlow:
        profile = party.profile.profile if isinstance(party, Subscriber) else None
        flow = self._flows.get((profile, service.name)) or self._flows[None, service.name]
        return _after(service.number, flow) if service.number else flow

    def _connection(
        self,
        leg: Caller,
        party: Subscriber | Visitor,
        dialled: Dialled,
        destination: AssignedLine | ToTrunk,
    ) -> BoundFlow:
        """A flow that calls a line, or a number of another carrier."""

        async def connect(call: Call) -> NoReturn:
            origin = await self._origin(leg, party, dialled)
            leg.ticket.presented = origin.presented.number
            line_call = LineCall(call, self._lines, origin, self._limits)
            if isinstance(destination, ToTrunk):
                await line_call.to_trunk(destination.trunk, _outward(dialled))
            await line_call.to_line(destination.line)

        return connect

    def _freephone(
        self, leg: Caller, party: Subscriber | Visitor, dialled: Dialled, contract: Freephone
    ) -> BoundFlow:
        """A flow that calls whoever receives the calls of a freephone number."""
        desk = self._office.freephone
        if desk is None:
            return _talkie(talkies.UNASSIGNED)
        caller = (
            calling_from.of_line(party.line)
            if isinstance(party, Subscriber)
            else calling_from.of_trunk(leg.caller, desk.areas)
        )

        async def connect(call: Call) -> NoReturn:
            origin = await self._origin(leg, party, dialled)
            leg.ticket.presented = origin.presented.number
            freephone_call = FreephoneCall(call, contract, caller, desk, self._going)
            await freephone_call.connect(self._lines, origin, self._limits)

        return connect

    async def _origin(self, leg: Caller, party: Subscriber | Visitor, dialled: Dialled) -> Origin:
        if isinstance(party, Visitor):
            return visitors(leg, dialled)
        presentation = self._office.services.presentation
        return await subscribers(leg, party.line, dialled, presentation)


def remote_numbers(profiles: Profiles) -> Mapping[E164, str]:
    """The carriers' numbers for voicemail from any other telephone, and the service of each."""
    rules = (profiles.of(profile).voicemail for profile in Profile)
    return {each.remote_number: REMOTE for each in rules if each and each.remote_number}


def _after(number: str, flow: BoundFlow) -> BoundFlow:
    """The flow of a service whose code was followed by a number."""

    async def numbered(call: Call) -> None:
        call.number_dialled = number
        await flow(call)

    return numbered


def _tell(log: Log, dialled: str, found: Route) -> None:
    log.info(
        "call.routed",
        dialled=dialled[:LONGEST_LOGGED],
        digits=found.dialled.digits,
        kind=found.dialled.kind.name,
        prefix=found.dialled.prefix,
        destination=type(found.destination).__name__,
    )


def _note(ticket: Ticket, found: Route, party: Subscriber | Visitor) -> None:
    """Where the call leads, for its record: a service's code, a full number, or nowhere."""
    dialled = found.dialled
    keeps = isinstance(found.destination, Service)  # VM-05: a service is where it was dialled
    if isinstance(party, Subscriber) and ticket.access is not None and not keeps:
        ticket.access = leaves_through(dialled, ticket.access, party.profile)
    ticket.routed(
        _service_of(found),
        dialled.e164 or dialled.digits or None,
        dialled.prefix or "",
        withheld=dialled.prefix is CallerIdPrefix.WITHHOLD,
    )


def _service_of(found: Route) -> str:
    match found.destination:
        case Service(name=name):
            return name
        case AssignedLine():
            return Role.LINE
        case ToTrunk():
            return Role.TRUNK
        case ToFreephone():
            return Role.FREEPHONE
    return TALKIE


def _outward(dialled: Dialled) -> str:
    """A number as another carrier is told it."""
    if dialled.kind is Kind.INTERNATIONAL and dialled.e164:
        return dialled.e164
    return dialled.digits


async def _more_digits(call: Call) -> NoReturn:
    """The flow of a number that is not whole yet."""
    refuse_at_once(call)


def _talkie(talkie: talkies.Talkie) -> BoundFlow:
    """A flow that says why the number is not connected."""

    async def refuse(call: Call) -> NoReturn:
        await talkies.tell(call, talkie)

    return refuse


def limited(flow: BoundFlow, limits: CallLimits) -> BoundFlow:
    """A service's flow, ended when it takes too long; a conversation may last as it likes."""

    async def serve(call: Call) -> None:
        now = asyncio.get_running_loop().time
        ends_at = now() + limits.longest_call_s
        try:
            # Unnamed: in a frame of a cancelled task, a Timeout and its task would hold each other.
            async with asyncio.timeout_at(ends_at):
                await flow(call)
        except TimeoutError:
            if now() < ends_at:
                raise
            raise await call.give_up(Outcome.TOO_LONG) from None

    return serve


async def guarded(call: Call, flow: BoundFlow) -> Outcome:
    """Run a flow to the end of its call, whatever happens in it."""
    try:
        await flow(call)
        await call.close()
        outcome = Outcome.COMPLETED
    except asyncio.CancelledError:
        call.log.debug("service.ended", outcome="caller-hung-up")
        raise
    except CallOver as over:
        outcome = over.outcome
    except NotContracted:
        outcome = await _last_words(call, _refuse_uncontracted, Outcome.REFUSED)
    except StorageUnavailable as error:
        call.log.warning("storage.unavailable", error=str(error))
        outcome = await _last_words(call, _apologise(UNAVAILABLE), Outcome.TRY_LATER)
    except Exception as error:
        call.log.error("flow.failed", call_id=call.call_id, error=repr(error), exc_info=True)
        outcome = await _last_words(call, _apologise(SERVER_ERROR), Outcome.FAILED)
    call.hang_up(SERVER_ERROR)
    call.log.info("service.ended", outcome=outcome.value)
    return outcome


LastWords = Callable[[Call], Coroutine[Any, Any, None]]


async def _last_words(call: Call, speak: LastWords, outcome: Outcome) -> Outcome:
    """Tell the caller; should even that fail, the call ends without words."""
    try:
        await speak(call)
    except CallOver:
        pass
    except Exception as error:
        call.log.error("last-words.failed", call_id=call.call_id, error=repr(error), exc_info=True)
    return outcome


async def _refuse_uncontracted(call: Call) -> None:
    await call.talkie(Prompt.NOT_CONTRACTED, then=FORBIDDEN)


def _apologise(status: int) -> LastWords:
    async def apologise(call: Call) -> None:
        await call.apologise(status)

    return apologise
