"""What a box may be set to, and what is kept of what callers say (VM-01 to VM-04)."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from provisioning.contract import (
    E164,
    Condition,
    Greeting,
    Mailbox,
    OutOfRange,
    VoicemailRules,
)
from provisioning.seeds import SeedVoicemail

OPTION = "voicemail"
"""The contracted option that gives a line its box."""

OCTETS_A_SECOND = 8000
"""µ-law at 8 kHz, mono: an octet a sample (ITU-T G.711)."""

SHORTEST_S = 0.5
"""What is shorter is no message: the caller hung up at the tone (A)."""

GREETING_SHORTEST_S = 1.0
"""What is shorter is no greeting (A)."""

LONGEST_NAME = 64
"""What is kept of a caller's number: E.164 has 15 digits, a SIP user may be longer."""

_PIN = re.compile(r"[0-9]{4}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """What voicemail asks of the disk.

    `reserve_bytes`: so much stays free for others when a recording begins. `retry_s`: wall seconds
    until what the database did not take is tried again. `sweep_s`: wall seconds between two looks
    for files that belong to no message.
    """

    reserve_bytes: int = 64 * 2**20
    retry_s: float = 2.0
    sweep_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Box:
    """How a line's box is set, as it is kept.

    `own`: the id of the owner's own greeting, and `own_store` the folder it lies in.
    """

    conditions: frozenset[Condition]
    ring_time_s: int
    greeting: Greeting = Greeting.NUMBER
    own: str | None = None
    own_store: str | None = None
    pin_hash: str | None = field(default=None, repr=False)
    pin_errors: int = 0
    takes_messages: bool = True

    def shown(self, rules: VoicemailRules) -> Mailbox:
        """The box as telephony sees it."""
        return Mailbox(
            conditions=self.conditions,
            ring_time_s=self.ring_time_s,
            greeting=self.greeting,
            has_pin=self.pin_hash is not None,
            remote_locked=self.is_locked(rules),
            takes_messages=self.takes_messages,
        )

    def is_locked(self, rules: VoicemailRules) -> bool:
        """Whether it had one wrong PIN more than end a call."""
        return self.pin_errors > rules.remote_pin_errors


@dataclass(frozen=True, slots=True)
class Left:
    """What a message says of itself before its first sound; instants are business time."""

    id: str
    line: E164
    caller: str | None
    call_id: str
    recorded_at: float
    expires_at: float


def begun(rules: VoicemailRules, *, forwards: bool) -> Box:
    """The box of a line that contracted voicemail: started, unless the line forwards (A)."""
    on = frozenset[Condition]() if forwards else rules.conditions
    return Box(on, rules.ring_times.default)


def seeded(wanted: SeedVoicemail, rules: VoicemailRules) -> Box:
    """The box that a seed describes; `OutOfRange` for what its profile has not."""
    box = begun(rules, forwards=wanted.conditions == frozenset())
    if wanted.conditions:
        box = started(box, rules, wanted.conditions)
    if wanted.ring_time_s is not None:
        box = ringing(box, rules, wanted.ring_time_s)
    if wanted.pin is not None:
        checked_pin(wanted.pin)
    return greeting(box, wanted.greeting)


def started(box: Box, rules: VoicemailRules, conditions: Collection[Condition] | None) -> Box:
    """The box switched on; `OutOfRange` when the profile's voicemail lacks a condition."""
    wanted = rules.conditions if conditions is None else frozenset(conditions)
    has = ", ".join(each.value for each in Condition if each in rules.offered)
    if not wanted or wanted - rules.offered:
        raise OutOfRange(f"voicemail takes calls on some of these conditions: {has}")
    return replace(box, conditions=wanted)


def stopped(box: Box) -> Box:
    """The box switched off; everything else stays for the next time."""
    return replace(box, conditions=frozenset())


def ringing(box: Box, rules: VoicemailRules, seconds: int) -> Box:
    """The box with another ring time; `OutOfRange` outside the profile's bounds."""
    least, most = rules.ring_times.least, rules.ring_times.most
    if not least <= seconds <= most:
        raise OutOfRange(f"the ring time lies between {least} and {most} seconds")
    return replace(box, ring_time_s=seconds)


def taking(box: Box, rules: VoicemailRules, takes_messages: bool) -> Box:
    """The box that takes messages, or none; `OutOfRange` where the profile has no such setting."""
    if not (takes_messages or rules.may_refuse_messages):
        raise OutOfRange("takes_messages: this carrier's voicemail takes them whenever it is on")
    return replace(box, takes_messages=takes_messages)


def greeting(box: Box, chosen: Greeting) -> Box:
    """The box with another greeting; `OutOfRange` for an own one that was never recorded."""
    if chosen is Greeting.OWN and box.own is None:
        raise OutOfRange("greeting: the line has none of its own: record one first")
    return replace(box, greeting=chosen)


def recorded(box: Box, chosen: Greeting, own: str, folder: str) -> Box:
    """The box with an own greeting of this id, whose file lies in `folder`."""
    return greeting(replace(box, own=own, own_store=folder), chosen)


def checked_greeting(rules: VoicemailRules, ulaw: bytes) -> bytes:
    """An owner's own words; `OutOfRange` when they are too short or too long."""
    longest_s = rules.longest_greeting_s
    if not GREETING_SHORTEST_S <= seconds(len(ulaw)) <= longest_s:
        raise OutOfRange(f"greeting: it lasts {GREETING_SHORTEST_S:g} to {longest_s} seconds")
    return ulaw


def checked_pin(pin: str) -> str:
    """A PIN as it may be set; the refusal does not repeat it."""
    if not _PIN.fullmatch(pin):
        raise OutOfRange("pin: it has four digits")
    return pin


def with_pin(box: Box, pin_hash: str | None) -> Box:
    """The box with this PIN, or none, and unlocked."""
    return replace(box, pin_hash=pin_hash, pin_errors=0)


def tried(box: Box, rules: VoicemailRules) -> Box:
    """The box after one more try of its PIN; a locked one stays as it is."""
    return box if box.is_locked(rules) else replace(box, pin_errors=box.pin_errors + 1)


def is_id(text: str) -> bool:
    """Whether `text` can be a message's id; no other text is looked for."""
    return _ID.fullmatch(text) is not None


def seconds(octets: int) -> float:
    """How long so much sound lasts."""
    return octets / OCTETS_A_SECOND


def octets(duration_s: float) -> int:
    """How much sound lasts so long."""
    return int(duration_s * OCTETS_A_SECOND)


def words(box: Box) -> str:
    """The box as the audit shows it: no PIN, no sound."""
    on = ", ".join(each.value for each in Condition if each in box.conditions)
    parts = [f"on {on}" if on else "off", f"rings {box.ring_time_s} s"]
    parts.append(f"greeting {box.greeting.value}")
    if not box.takes_messages:
        parts.append("takes no messages")
    return "; ".join([*parts, "PIN set" if box.pin_hash else "no PIN"])
