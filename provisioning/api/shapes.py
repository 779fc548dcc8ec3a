"""What every part of `/v1` sends and takes."""

import re
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from provisioning.audit.model import Change
from provisioning.contract import E164
from provisioning.instants import utc

NUMBER = "E.164, as +81312345678"

WRITTEN = r"^(\+81-?[1-9]|0[1-9])(-?[0-9]){7,9}$"
"""A Japanese number, international or as it is dialled (LINE-04), hyphens between its digits."""


def e164(written: str) -> E164:
    """A number as it is kept: 090-0000-0001 is +819000000001."""
    return E164(re.sub(r"\A0", "+81", written.replace("-", "")))


class Shape(BaseModel):
    """An object of the API: every member is known and has its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Listed(Shape):
    """A page of a list; its `items` are in the order of what `after` names."""

    next: str | None = Field(default=None, description="Give it as `after` for the next page.")


def maybe_instant(seconds: float | None) -> datetime | None:
    """The same for an instant that there may be none of."""
    return None if seconds is None else utc(seconds)


class ChangeShape(Shape):
    """Who changed a setting, when on both clocks, and from where."""

    what: str
    before: str
    after: str
    who: str
    origin: str
    wall_at: datetime
    business_at: datetime

    @classmethod
    def of(cls, change: Change) -> Self:
        """One audit row."""
        return cls(
            what=change.what,
            before=change.before,
            after=change.after,
            who=change.who,
            origin=change.origin,
            wall_at=utc(change.wall_at),
            business_at=utc(change.business_at),
        )
