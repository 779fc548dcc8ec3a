"""How serving a call ended."""

from enum import StrEnum


class Outcome(StrEnum):
    """Why the network, and not the caller, ended a call."""

    COMPLETED = "completed"
    """The service ran to its end."""
    REFUSED = "refused"
    """A talkie said why the call cannot be connected."""
    FAR_HUNG_UP = "far-hung-up"
    """The called party ended the conversation."""
    FAR_LOST = "far-lost"
    """The called party's phone was no longer there."""
    GAVE_UP = "gave-up"
    """The caller answered no question in the tries allowed."""
    TOO_LONG = "too-long"
    """The call reached the longest time a service call may take."""
    TRY_LATER = "try-later"
    """A setting could not be stored."""
    FAILED = "failed"
    """A defect of ours; the log has it."""


class CallOver(Exception):
    """The network has hung up; the flow that asked ends here.

    Flows let it pass: whoever serves the call catches it.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome
