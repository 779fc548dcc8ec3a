"""What each event of the signalling core means to the carrier."""

from collections.abc import Callable

from ivr.net.clock import monotonic
from ivr.net.driver import Driver
from ivr.sip import events
from ivr.sip.settings import EndpointSettings
from ivr.ua.dialler import Dialler
from ivr.ua.flows import flow_text
from ivr.ua.inbound import InboundCalls
from ivr.ua.log import Log, Sparing
from ivr.ua.registrar import Registrar
from ivr.ua.side import Side

_NOT_ALLOWED = 405

Outcome = events.ResponseReceived | events.TransactionTimedOut


class Agent:
    """Gives each event to the user agent it is for."""

    def __init__(
        self,
        driver: Driver,
        settings: EndpointSettings,
        calls: InboundCalls,
        dialler: Dialler,
        registrar: Registrar,
        log: Log,
    ) -> None:
        self._driver = driver
        self._abilities = {
            "Allow": ", ".join(settings.allow),
            "Supported": ", ".join(settings.supported),
            "Accept": ", ".join(settings.accept),
        }
        self._calls = calls
        self._dialler = dialler
        self._registrar = registrar
        self._log = log
        self._sparing = Sparing()
        self._requests: dict[str, Callable[[events.RequestReceived], None]] = {
            "REGISTER": registrar.received,
            "OPTIONS": self._options,
        }
        self._outcomes: list[Callable[[Outcome], None]] = []
        self._subscription_ended: Callable[[events.SubscriptionEnded], None] | None = None
        self.rejected = 0
        driver.endpoint.challenge_with(calls.challenge)
        driver.endpoint.vouch_with(calls.vouch)

    def serve(
        self,
        method: str,
        received: Callable[[events.RequestReceived], None],
        outcome: Callable[[Outcome], None],
        accept: str,
    ) -> None:
        """Have requests of a method taken by `received`, and how our own ended by `outcome`.

        `accept`: the media type of its bodies.
        """
        self._abilities["Accept"] += f", {accept}"
        self._requests[method] = received
        self._outcomes.append(outcome)

    def hear(self, outcome: Callable[[Outcome], None]) -> None:
        """Have `outcome` told how requests of ours ended."""
        self._outcomes.append(outcome)

    def tell_of(
        self,
        package: str,
        received: Callable[[events.RequestReceived], None],
        ended: Callable[[events.SubscriptionEnded], None],
        outcome: Callable[[Outcome], None],
    ) -> None:
        """Have subscriptions to an event package taken by `received`, their ends told to `ended`.

        `outcome` is told how a NOTIFY ended that no subscription asked for.
        """
        self._abilities["Allow-Events"] = package
        self._requests["SUBSCRIBE"] = received
        self._subscription_ended = ended
        self._outcomes.append(outcome)

    def handle(self, event: events.Event) -> None:
        """Take one event."""
        match event:
            case events.CallReceived():
                self._calls.received(event)
            case events.RequestReceived():
                self._requests.get(event.request.method, self._not_allowed)(event)
            case events.SessionEnded(session=session) if not session.outbound:
                self._calls.ended(event)
            case events.MessageRejected():
                self._rejected(event)
            case (
                events.SessionProgress()
                | events.SessionAnswered()
                | events.SessionChallenged()
                | events.SessionRefused()
                | events.SessionEnded()
            ):
                self._dialler.handle(event)
            case events.SessionConfirmed(session=session, request=request):
                leg = self._calls.leg_of(session)
                if leg is not None:
                    with self._driver.turn() as now:
                        leg.confirmed(request, now)
            case _:
                self._other(event)

    def _other(self, event: events.Event) -> None:
        if isinstance(event, Outcome):
            for told in self._outcomes:
                told(event)
        elif isinstance(event, events.SubscriptionEnded):
            if self._subscription_ended is not None:
                self._subscription_ended(event)
        elif isinstance(event, events.FlowLost):
            self._registrar.lost(event.flow)
        else:
            self._in_call(event)

    def _in_call(self, event: events.Event) -> None:
        """What either half of a call may do."""
        session = getattr(event, "session", None)
        if session is None:
            return
        leg = self._calls.leg_of(session) or self._dialler.side_of(session)
        if leg is None:
            return
        match event:
            case events.AnswerReceived(request=request):
                leg.answered_late(request)
            case events.InfoReceived() | events.ForeignInfoReceived() | events.ReferReceived():
                _tell_requested(leg, event)
            case events.SessionReoffered(request=request):
                leg.reoffered(request)
            case (
                events.ReofferAnswered(response=response) | events.ReofferRefused(response=response)
            ):
                leg.offered(response)

    def _options(self, event: events.RequestReceived) -> None:
        """Say what we can do (RFC 3261 §11.2); phones and balancers ping with it."""
        status = 503 if self._calls.draining else 200
        self._driver.answer(event.transaction, status, tuple(self._abilities.items()))

    def _not_allowed(self, event: events.RequestReceived) -> None:
        self._driver.answer(event.transaction, _NOT_ALLOWED)

    def _rejected(self, event: events.MessageRejected) -> None:
        self.rejected += 1
        self._sparing.warning(
            self._log,
            monotonic(),
            "message.rejected",
            why=event.reason,
            status=event.status,
            flow=flow_text(event.flow),
        )


def _tell_requested(
    leg: Side, event: events.InfoReceived | events.ForeignInfoReceived | events.ReferReceived
) -> None:
    match event:
        case events.InfoReceived(request=request):
            leg.info(request)
        case events.ForeignInfoReceived(info=info):
            leg.foreign_info(info)
        case events.ReferReceived(referral=referral):
            leg.referred(referral)
