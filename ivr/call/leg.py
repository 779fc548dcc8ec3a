"""One party's half of a call, as the layers below offer it to a `Call`."""

from collections.abc import Callable
from typing import Protocol

from ivr.call.party import Diverted, FarLeg, JoinEnd, KeyHandler, PlayEnded, Rung, Signs, Target
from provisioning.contract import E164, Access, Account, TrunkCaller

Hear = Callable[[int, bytes], None]
"""Takes a packet: how many samples after the first one it begins, and its µ-law."""


class Ticket(Protocol):
    """Where what happens on a leg is told and, once the leg is over, recorded (BILL-01)."""

    access: Access | None
    """What the call leaves through (LINK-02)."""
    presented: str | None
    """The number the called party sees; None when there is none to see (CALL-04)."""
    payer: E164 | None
    """Who is charged for the leg, once it is answered; None when nobody is."""
    service: str
    """What serves the call."""
    destination: str | None
    """Where it leads: a number, or a service's code."""

    outcome: str | None
    """How the service ended the call, as `Outcome` says it."""

    def routed(
        self, service: str, destination: str | None, prefix: str = "", *, withheld: bool = False
    ) -> None:
        """What serves the call and where it leads; `withheld`: without the caller's number."""
        ...

    @property
    def status(self) -> int | None:
        """The final response with which the network refused the leg."""
        ...

    def passed_on(self, forwarder: E164, to: E164) -> "Ticket":
        """The ticket of one more leg: `forwarder`'s call to a line that forwards it on in turn."""
        ...

    def answered(self) -> None:
        """The leg is answered, and charged from now on."""
        ...

    async def secure(self) -> None:
        """Return once the record of the leg, as it stands, outlives the process.

        Raises:
            StorageUnavailable: it cannot be made so.
        """
        ...

    def close(self, cause: str, status: int | None = None) -> None:
        """Keep the record of the leg; `status` is the final response of an unanswered one."""
        ...

    def heard(self, prompt: str) -> None:
        """A prompt begins to play."""
        ...

    def keyed(self, key: str) -> None:
        """A key came; `HIDDEN` where it is part of a secret."""
        ...


class Leg(Protocol):
    """A caller who is authenticated and has dialled something.

    When the caller hangs up, the task that serves the leg is cancelled; that is
    the only way a hang-up shows. What is called on a leg that has ended does nothing.
    Any class with these members is a leg; `tests/contract/leg_contract.py` says
    how it must behave.
    """

    on_key: KeyHandler | None
    """Called synchronously at each key press, before anything else happens with it."""

    @property
    def call_id(self) -> str:
        """The SIP Call-ID, to find the call in logs and traces."""
        ...

    @property
    def account(self) -> Account | None:
        """The SIP account the call came from: its user, line and access; None for a trunk's."""
        ...

    @property
    def caller(self) -> TrunkCaller | None:
        """Who calls over a trunk; None for an account of this network."""
        ...

    @property
    def withholds(self) -> bool:
        """Whether the caller's phone asks not to be shown (RFC 3323); 184 and 186 beat it."""
        ...

    @property
    def dialled(self) -> str:
        """What was dialled, as the Request-URI's user part (or whole `tel:` URI) has it."""
        ...

    @property
    def ticket(self) -> Ticket:
        """What is told and recorded of this leg."""
        ...

    async def progress(self) -> None:
        """Open early media: 183 with SDP, reliable where the peer can (RFC 3262, LINE-05).

        Returns once audio may flow. Does nothing after `progress` or `answer`.
        """
        ...

    async def answer(self) -> None:
        """Answer, and return once the call is established (its ACK came) and audio may flow."""
        ...

    def play(self, ulaw: bytes, done: PlayEnded | None = None, *, loop: bool = False) -> None:
        """Play 8 kHz mono µ-law in place of what is playing; with `loop` until stopped.

        `done` is called exactly once, in a later turn of the event loop than what ended
        the audio: its own end, another `play`, `stop_playing` or `hang_up`.
        """
        ...

    def stop_playing(self) -> None:
        """Stop at once: no further packet of the prompt leaves."""
        ...

    def echo(self, on: bool) -> None:
        """Send back what is heard, or no longer."""
        ...

    def record(self, hear: Hear | None) -> None:
        """Give what is heard to `hear` as it comes, in place of whom it was given to; None: nobody.

        Early media, too; `ivr.media.recorder` puts it in order.
        """
        ...

    def hang_up(self, status: int | None = None, reason: str | None = None) -> None:
        """End the call: BYE when it was answered, else the final response `status`.

        Raises:
            ValueError: the call is unanswered and no final `status` (400-699) was given.
        """
        ...


class Caller(Leg, Protocol):
    """A leg that can be connected to another party.

    `tests/contract/ring_contract.py` says how it must behave.
    """

    @property
    def caller(self) -> TrunkCaller | None:
        """Who calls in from another carrier; None when an account of this network does."""
        ...

    @property
    def withholds(self) -> bool:
        """Whether the phone asks not to be shown (RFC 3323)."""
        ...

    @property
    def forwardings(self) -> int:
        """How often the call was forwarded before it came, as its History-Info tells."""
        ...

    @property
    def diverted(self) -> tuple[Diverted, ...]:
        """Those forwardings, oldest first, as far as another carrier names who forwarded."""
        ...

    @property
    def is_plain_voice(self) -> bool:
        """Whether the phone asks for an ordinary voice call: no video beside the sound."""
        ...

    @property
    def hops(self) -> int:
        """How many more networks the call may go through: what Max-Forwards leaves of it.

        A call that a trunk reflects comes to its end by it (RFC 3261 §8.1.1.6).
        """
        ...

    async def progress(self, *, ringing: bool = False) -> None:
        """As a leg; `ringing` tells 180 in place of 183, or after it.

        Neither is told twice, and no 183 after a 180.
        """
        ...

    async def ring(self, target: Target, *, within_s: float | None, signs: Signs) -> Rung:
        """Ring a party until it answers, refuses, or has rung for `within_s` seconds.

        Does not answer the caller and plays nothing. From `EARLY_MEDIA` on the caller hears the
        party, once early media is open. When this is cancelled, whoever rings stops ringing.
        """
        ...

    async def join(self, far: FarLeg) -> JoinEnd:
        """Let caller and party talk, once both have answered, until the party's half ends.

        Hangs up neither: `far` is the caller's of this method to end, also when it is cancelled.
        """
        ...
