"""How patient the network is with a caller."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Times and tries of spoken dialogues. All defaults are assumptions of ours.

    The carriers publish none of these; each is a setting.
    """

    first_digit_s: float = 8.0
    """Silence allowed after a question before it is asked again."""
    inter_digit_s: float = 4.0
    """Silence allowed between two keys of one entry."""
    attempts: int = 3
    """How often a question is asked before the network says goodbye."""
    talkie_times: int = 2
    """How often a talkie is spoken before the call is refused."""
    talkie_pause_s: float = 1.0
    """Silence between two rounds of a talkie."""
    closing_pause_s: float = 0.5
    """Silence between the last words and the network's hang-up, for the phone to play them."""
    longest_call_s: float = 1800.0
    """A service call longer than this is ended, however busy its caller."""
    ring_s: float = 120.0
    """How long a line rings that does not forward unanswered calls."""
    link_alive_s: float = 4.0
    """A Link app that has not rung by then is on an unstable network (LINE-03)."""
    busy_tone_s: float = 5.0
    """How long the busy tone is played before the final response."""
    forwardings: int = 5
    """A call that was forwarded so often is forwarded no more (FWD-06)."""

    def __post_init__(self) -> None:
        """Refuse limits no caller could meet."""
        dialogue = (self.first_digit_s, self.inter_digit_s, self.longest_call_s)
        ringing = (self.ring_s, self.link_alive_s)
        pauses = (self.talkie_pause_s, self.closing_pause_s, self.busy_tone_s)
        if min(*dialogue, *ringing) <= 0 or min(pauses) < 0:
            raise ValueError("call limits: times are positive seconds")
        if min(self.attempts, self.talkie_times) < 1:
            raise ValueError("call limits: attempts and talkie_times are at least 1")
        if self.forwardings < 0:
            raise ValueError("call limits: forwardings is not negative")
