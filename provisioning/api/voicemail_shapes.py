"""What `/v1/voicemail` sends and takes."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, Strict

from provisioning.api.shapes import NUMBER, Listed, Shape
from provisioning.contract import (
    E164,
    Condition,
    Counts,
    Greeting,
    Mailbox,
    MessageMark,
    VoiceMessage,
)
from provisioning.instants import utc

Conditions = Annotated[
    list[Annotated[Condition, Strict(False)]],
    Field(min_length=1, max_length=len(Condition), description="On which calls it takes over."),
]


class BoxShape(Shape):
    """How a line's voicemail is set, and what is in its box."""

    line: str = Field(description=NUMBER)
    active: bool
    conditions: list[Condition] = Field(description="None while it is stopped.")
    ring_time_s: int
    greeting: Greeting = Field(description="number says it, plain does not, own is the owner's.")
    has_pin: bool = Field(description="Whether other phones may hear the messages by a PIN.")
    remote_locked: bool = Field(description="Too many wrong PINs came; unlock it.")
    takes_messages: bool = Field(description="False: callers are greeted, and leave nothing.")
    new: int
    saved: int

    @classmethod
    def of(cls, line: E164, box: Mailbox, counts: Counts) -> Self:
        """One box."""
        return cls(
            line=line,
            active=bool(box.conditions),
            conditions=[each for each in Condition if each in box.conditions],
            ring_time_s=box.ring_time_s,
            greeting=box.greeting,
            has_pin=box.has_pin,
            remote_locked=box.remote_locked,
            takes_messages=box.takes_messages,
            new=counts.new,
            saved=counts.saved,
        )


class VoiceMessageShape(Shape):
    """A message; instants are business time."""

    id: str
    line: str = Field(description=NUMBER)
    mark: MessageMark
    caller: str | None = Field(description="Null when withheld or unknown.")
    recorded_at: datetime
    expires_at: datetime = Field(description="Saving it does not prolong it (VM-04).")
    seconds: float
    interrupted: bool = Field(description="The carrier was killed while it was being left.")

    @classmethod
    def of(cls, message: VoiceMessage) -> Self:
        """One message."""
        return cls(
            id=message.id,
            line=message.line,
            mark=message.mark,
            caller=message.caller,
            recorded_at=utc(message.recorded_at),
            expires_at=utc(message.expires_at),
            seconds=round(message.seconds, 3),
            interrupted=message.interrupted,
        )


class VoiceMessagesShape(Listed):
    """All messages of a box: new ones first, the oldest first of each."""

    items: list[VoiceMessageShape]


class SwitchShape(Shape):
    """Whether voicemail takes calls."""

    active: bool
    conditions: Conditions | None = Field(
        default=None, description="Absent: those of the profile.", examples=[["busy", "no_answer"]]
    )


class RingTimeShape(Shape):
    """How long a phone rings before voicemail takes the call."""

    seconds: int = Field(ge=0, le=600, description="Within the profile's bounds.")


class TakingShape(Shape):
    """Whether callers may leave messages."""

    takes_messages: bool = Field(description="False is for profiles that have it, as au.")


class GreetingShape(Shape):
    """What callers hear."""

    greeting: Annotated[Greeting, Strict(False)]


class PinShape(Shape):
    """The PIN for other phones; setting one unlocks the box."""

    pin: str | None = Field(
        pattern=r"^[0-9]{4}$",
        repr=False,
        description="Null: no other phone may.",
        json_schema_extra={"writeOnly": True},
    )


class MarkShape(Shape):
    """What becomes of a message."""

    mark: Annotated[MessageMark, Strict(False)]
