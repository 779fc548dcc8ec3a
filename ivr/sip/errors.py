"""What the signalling core raises at the code above it; a peer's faults become events instead.

SipError
  WrongState      the caller's fault: the session or transaction cannot do that now
  NoSuchFlow      the caller's fault: the target cannot be reached over the named flow
"""


class SipError(Exception):
    """Any refusal of the signalling core to do what it was told."""


class WrongState(SipError):
    """The order does not fit the state; the message names both and what may be done instead."""


class NoSuchFlow(SipError):
    """A URI names a host that is neither an address nor known to the resolver."""
