"""What goes wrong with a phone; every text says what was wanted of it."""


class PhoneError(Exception):
    """The phone refused, died, or did not do what it was told."""


class TooLate(PhoneError):
    """What was waited for did not come; the text says what it was."""


class NotInstalled(PhoneError):
    """A program that a phone is made of is not on this host."""


class NoneFree(PhoneError):
    """Every port is taken."""
