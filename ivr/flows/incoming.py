"""Everything that happens to an authenticated caller, from the dialled number to the hang-up."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ivr.call.call import Call, Subscriber
from ivr.call.leg import Leg, Ticket
from ivr.call.limits import CallLimits
from ivr.call.log import Log
from ivr.call.outcome import CallOver, Outcome
from ivr.flows.registry import BoundFlow, Key, Services, bind, problems
from ivr.flows.talkies import TALKIES
from ivr.numbering.plan import CallerIdPrefix
from ivr.numbering.route import Emergency, Route, Service, route
from prompts.catalogue import Prompt, Voices
from provisioning.contract import (
    Directory,
    Line,
    NotContracted,
    Profile,
    Profiles,
    StorageUnavailable,
    UnknownLine,
)

SERVER_ERROR = 500
UNAVAILABLE = 503
FORBIDDEN = 403
LONGEST_LOGGED = 80

TALKIE = "talkie"
"""The service of a call that only heard why it cannot be served."""


@dataclass(frozen=True, slots=True)
class Office:
    """What incoming calls need of the office and its voices."""

    directory: Directory
    profiles: Profiles
    services: Services
    voices: Voices


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
        self._flows: Mapping[Key, BoundFlow] = bind(office.services)

    async def serve(self, leg: Leg, log: Log) -> Outcome:
        """Serve one caller until the network hangs up.

        The task that runs this is cancelled when the caller hangs up. Nothing else
        leaves it but that: whatever fails inside is logged, and the caller is told.

        Args:
            leg: the caller.
            log: bound to the call by whoever made the leg; a structlog logger fits.
        """
        try:
            line, subscriber = self._caller(leg)
        except Exception as error:
            log.error("caller.unknown", call_id=leg.call_id, error=repr(error), exc_info=True)
            leg.hang_up(SERVER_ERROR)
            return Outcome.FAILED

        async def flow(call: Call) -> None:
            await self.flow_for(line, leg.dialled, log, leg.ticket)(call)

        call = Call(leg, subscriber, self._limits, log)
        try:
            outcome = await guarded(call, flow, self._limits)
            leg.ticket.outcome = outcome.value
            return outcome
        finally:
            call.release()

    def flow_for(self, caller: Line, dialled: str, log: Log, ticket: Ticket) -> BoundFlow:
        """What serves `caller` after `dialled`: a service's flow or a talkie."""
        profile = self._office.profiles.of(caller.profile)
        found = route(dialled, caller, profile, self._office.directory)
        destination = found.destination
        log.info(
            "call.routed",
            dialled=dialled[:LONGEST_LOGGED],
            digits=found.dialled.digits,
            kind=found.dialled.kind.name,
            prefix=found.dialled.prefix,
            destination=type(destination).__name__,
        )
        _note(ticket, found)
        if isinstance(destination, Service):
            return self._service(caller.profile, destination)
        if isinstance(destination, Emergency):
            log.warning("emergency.refused", line=caller.number, dialled=found.dialled.digits)
        return talkie_for(found)

    def _service(self, profile: Profile, service: Service) -> BoundFlow:
        flow = self._flows.get((profile, service.name)) or self._flows[None, service.name]
        return _after(service.number, flow) if service.number else flow

    def _caller(self, leg: Leg) -> tuple[Line, Subscriber]:
        if leg.account is None:
            raise UnknownLine("a call from another carrier is of no line")
        line = self._office.directory.line(leg.account.line)
        if line is None:
            raise UnknownLine(f"account {leg.account.user} belongs to no line")
        voice = self._office.voices.of(line.language.value)
        return line, Subscriber(line, self._office.profiles.of(line.profile), voice)


def _after(number: str, flow: BoundFlow) -> BoundFlow:
    """The flow of a service whose code was followed by a number."""

    async def numbered(call: Call) -> None:
        call.number_dialled = number
        await flow(call)

    return numbered


def _note(ticket: Ticket, found: Route) -> None:
    """Where the call leads, for its record: a service's code, a full number, or nowhere."""
    dialled, destination = found.dialled, found.destination
    ticket.routed(
        destination.name if isinstance(destination, Service) else TALKIE,
        dialled.e164 or dialled.digits or None,
        dialled.prefix or "",
        withheld=dialled.prefix is CallerIdPrefix.WITHHOLD,
    )


def talkie_for(found: Route) -> BoundFlow:
    """A flow that says why the number is not connected."""
    talkie = TALKIES[type(found.destination)]

    async def refuse(call: Call) -> NoReturn:
        await call.talkie(talkie.prompt, then=talkie.status)

    return refuse


async def guarded(call: Call, flow: BoundFlow, limits: CallLimits) -> Outcome:
    """Run a flow to the end of its call, whatever happens in it."""
    try:
        outcome = await _limited(call, flow, limits)
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


async def _limited(call: Call, flow: BoundFlow, limits: CallLimits) -> Outcome:
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
    return Outcome.COMPLETED


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
