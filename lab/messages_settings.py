"""The settings of messages between lines."""

from pydantic import Field, model_validator

from lab.section import Section, keep_order
from provisioning.messages.model import Limits

HOUR_S = 3600.0


class MessagesSettings(Section):
    """Messages between lines (SIP MESSAGE); all but the first two are assumptions."""

    octets: int = Field(
        default=2048,
        ge=160,
        le=65_536,
        description="Longest text as UTF-8; more is 413. 670 full-width characters, the longest "
        "SMS of Japan's carriers, are 2010; where links are narrow, 1300 octets with the headers "
        "are all that should be sent (RFC 3428 §8).",
    )
    lasts_h: float = Field(
        default=72.0,
        gt=0,
        le=8760,
        description="Hours of business time until a message that no phone took expires.",
    )
    waiting_per_line: int = Field(
        default=100, ge=1, description="Messages that may wait for one line; the next gets 503."
    )
    waiting_per_sender: int = Field(
        default=200, ge=1, description="Messages of one sender that may wait; the next gets 503."
    )
    per_minute: int = Field(
        default=60, ge=1, description="Messages one account may send a minute; more get 503."
    )
    per_minute_trunk: int = Field(
        default=600, ge=1, description="The same over a trunk that is trusted."
    )
    answer_within_s: float = Field(
        default=4.0,
        gt=0,
        le=20,
        description="A sender that hears of no delivery within this gets 202 instead of 200.",
    )
    first_retry_s: float = Field(
        default=10.0,
        gt=0,
        description="Wait before a phone that did not take a message is tried again; doubles.",
    )
    longest_retry_s: float = Field(default=1800.0, gt=0, description="The longest such wait.")
    keep_days: int = Field(
        default=30,
        ge=1,
        le=36_500,
        description="Days of business time until what is over is forgotten; its text is at once.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> "MessagesSettings":
        keep_order(self, (("first_retry_s", "longest_retry_s"),))
        return self

    @property
    def limits(self) -> Limits:
        """The office's share."""
        return Limits(
            octets=self.octets,
            lasts_s=self.lasts_h * HOUR_S,
            per_line=self.waiting_per_line,
            per_account=self.waiting_per_sender,
            kept_days=self.keep_days,
        )
