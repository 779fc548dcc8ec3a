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
    longest_call_s: float = 1800.0
    """A service call longer than this is ended, however busy its caller."""

    def __post_init__(self) -> None:
        """Refuse limits no caller could meet."""
        positive = (self.first_digit_s, self.inter_digit_s, self.longest_call_s)
        if min(positive) <= 0 or self.talkie_pause_s < 0:
            raise ValueError("call limits: times are positive seconds")
        if min(self.attempts, self.talkie_times) < 1:
            raise ValueError("call limits: attempts and talkie_times are at least 1")
