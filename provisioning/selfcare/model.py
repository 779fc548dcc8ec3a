"""What a self-care login is, and how long guesses, codes and sessions live; all values are pure.

Guesses and sessions are measured in wall time, so that a laboratory's clock jump neither
frees an attacker nor ends a session; codes expire in business time (LAB-02).
"""

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field
from enum import Enum

from provisioning.contract import ContractError

CODE_DIGITS = 6
"""A mailed code: 20 bits of chance (N050-05, an assumption)."""

CLOCK_SLIP_S = 60.0
"""How far wall time may step back before sessions end; it never lengthens one."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,31}", re.ASCII)
PASSWORD_MOST = 128
"""Longest password taken; a longer one is refused before it is hashed."""

_COMMON = """
    1234567890 0123456789 12345678910 0987654321 password12 password123 password1234 passw0rd12
    qwertyuiop qwerty12345 qwerty123456 qazwsxedcrfv 1q2w3e4r5t 1qaz2wsx3edc 123qweasdzxc
    asdfghjkl12 zxcvbnm123 abcdefghij abcd1234567 abc1234567 iloveyou123 letmein1234 welcome123
    admin12345 administrator changeme123 selfcare123 selfcare1234 tokuban123 tokuban1234
    sakura12345 doraemon123 pokemon1234 superman123 football123 baseball123 computer123
"""
COMMON = frozenset(_COMMON.split())
"""Passwords that every guesser tries first (an assumption: long ones of the published lists)."""


@dataclass(frozen=True, slots=True)
class Slowdown:
    """How a row of failures slows the next try: free ones, then a delay that doubles, in s."""

    free: int
    first_s: float
    longest_s: float

    def delay_s(self, failures: int) -> float:
        """How long after its last failure a bucket with so many takes no try."""
        over = failures - self.free
        if over < 0:
            return 0.0
        # 2**64 is beyond any longest_s; an endless attack must not overflow.
        return min(self.first_s * 2.0 ** min(over, 64), self.longest_s)


@dataclass(frozen=True, slots=True)
class Limits:
    """Lives, tries and delays of the self-care login (assumptions; `portal` settings)."""

    code_life_s: float = 600.0
    code_tries: int = 5
    idle_s: float = 900.0
    life_s: float = 28_800.0
    account: Slowdown = Slowdown(5, 30.0, 900.0)
    address: Slowdown = Slowdown(20, 30.0, 3600.0)
    forget_s: float = 86_400.0
    device_life_s: float = 180 * 86_400.0
    password_least: int = 10
    touch_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """Failures counted together; `last_at`: wall time of the latest."""

    failures: int = 0
    last_at: float = 0.0

    def wait_s(self, now: float, slowdown: Slowdown, forget_s: float) -> float:
        """How long no try is taken; a clock that was set back never makes it longer."""
        if self.is_forgotten(now, forget_s):
            return 0.0
        delay = slowdown.delay_s(self.failures)
        return max(0.0, min(delay, self.last_at + delay - now))

    def failed(self, now: float, forget_s: float) -> "Bucket":
        """One more failure, counted before the try so that parallel tries cannot pass."""
        known = 0 if self.is_forgotten(now, forget_s) else self.failures
        return Bucket(known + 1, now)

    def is_forgotten(self, now: float, forget_s: float) -> bool:
        """Whether the last failure is so long ago that it no longer counts."""
        return now - self.last_at >= forget_s


class Purpose(Enum):
    """What a mailed code allows."""

    LOGIN = "login"
    MAIL = "mail"


class Stage(Enum):
    """Where a ticket stands; to whoever holds it OPEN, VOID and DECOY look alike."""

    OPEN = "open"
    """Its code is good."""
    VOID = "void"
    """A newer code was mailed: no code is good."""
    DECOY = "decoy"
    """ID or password were wrong: no code was ever mailed."""
    GONE = "gone"


class Input(Enum):
    """What happens to a ticket."""

    RIGHT = "right code"
    WRONG = "wrong code"
    LAST_WRONG = "wrong code, the last try"
    RESEND = "another code asked for"
    NEWER = "a newer code mailed elsewhere"
    LATE = "the code's life is over"


class Do(Enum):
    """What the self-care service does about it."""

    ADMIT = "admit"
    REFUSE = "refuse"
    MAIL = "mail a new code"
    PRETEND = "count as if a code were mailed"
    VOID = "void the code"
    FORGET = "forget the ticket"


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the table."""

    next: Stage
    do: Do
    clause: str


TICKETS = {
    (Stage.OPEN, Input.RIGHT): Step(Stage.GONE, Do.ADMIT, "N050-05: a code is good once"),
    (Stage.OPEN, Input.WRONG): Step(Stage.OPEN, Do.REFUSE, "N050-05: 5 tries"),
    (Stage.OPEN, Input.LAST_WRONG): Step(Stage.GONE, Do.REFUSE, "N050-05: 5 tries"),
    (Stage.OPEN, Input.RESEND): Step(Stage.OPEN, Do.MAIL, "a new code voids the old one"),
    (Stage.OPEN, Input.NEWER): Step(Stage.VOID, Do.VOID, "a new code voids the old one"),
    (Stage.OPEN, Input.LATE): Step(Stage.GONE, Do.FORGET, "N050-05: 10 minutes"),
    (Stage.VOID, Input.WRONG): Step(Stage.VOID, Do.REFUSE, "N050-05: 5 tries"),
    (Stage.VOID, Input.LAST_WRONG): Step(Stage.GONE, Do.REFUSE, "N050-05: 5 tries"),
    (Stage.VOID, Input.RESEND): Step(Stage.OPEN, Do.MAIL, "the password was right"),
    (Stage.VOID, Input.NEWER): Step(Stage.VOID, Do.VOID, "a new code voids the old one"),
    (Stage.VOID, Input.LATE): Step(Stage.GONE, Do.FORGET, "N050-05: 10 minutes"),
    (Stage.DECOY, Input.WRONG): Step(Stage.DECOY, Do.REFUSE, "same answer as for a real one"),
    (Stage.DECOY, Input.LAST_WRONG): Step(Stage.GONE, Do.REFUSE, "same answer as for a real one"),
    (Stage.DECOY, Input.RESEND): Step(Stage.DECOY, Do.PRETEND, "same answer as for a real one"),
    (Stage.DECOY, Input.LATE): Step(Stage.GONE, Do.FORGET, "N050-05: 10 minutes"),
}
"""Unlisted: no code is right for VOID and DECOY, a DECOY belongs to no login, GONE is no row."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A login half done, for a cookie of its own; the same shape whether ID and password fit."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """A self-care login and the contract it opens."""

    selfcare_id: str
    contract: str
    customer: str


@dataclass(frozen=True, slots=True)
class NewLogin:
    """A login with its password, shown this once."""

    selfcare_id: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """A customer who logged in; times in wall time.

    `csrf` goes into every form. `device` is there at login alone: the value of a long-lived
    cookie by which later tries from this browser are counted apart from a stranger's.
    """

    selfcare_id: str
    contract: str
    customer: str
    created_at: float
    seen_at: float
    csrf: str = field(repr=False)
    id_hash: str = field(repr=False)
    device: str = field(default="", repr=False)


def is_alive(created_at: float, seen_at: float, now: float, limits: Limits) -> bool:
    """Whether a session still counts: neither idle nor too old, nor from after `now`."""
    idle, age = now - seen_at, now - created_at
    return idle < limits.idle_s and age < limits.life_s and min(idle, age) >= -CLOCK_SLIP_S


def is_fresh(issued_at: float, now: float, limits: Limits) -> bool:
    """Whether a code issued then may still be used; in business time, which may be set back."""
    return abs(now - issued_at) < limits.code_life_s


def typed_id(text: str) -> str | None:
    """The self-care ID somebody typed, full-width letters taken too; None when it cannot be one."""
    plain = unicodedata.normalize("NFKC", text).strip()
    return plain if _ID.fullmatch(plain) else None


def typed_code(text: str) -> str:
    """The digits of a code as somebody typed it: full-width, or with blanks between."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def place_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that an IPv6 host draws from."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def checked_id(text: str) -> str:
    """A self-care ID that an operator chose; `BadLogin` when it cannot be one."""
    if _ID.fullmatch(text) is None:
        raise BadLogin(
            "a self-care ID has 3 to 32 letters, digits, dots, hyphens or underscores, "
            "the first a letter or digit"
        )
    return text


def checked_password(text: str, selfcare_id: str, limits: Limits) -> str:
    """A password somebody chose; `WeakPassword` says what it lacks, never the password."""
    if not is_text(text):
        raise WeakPassword("the password has characters that cannot be typed")
    if not limits.password_least <= len(text) <= PASSWORD_MOST:
        raise WeakPassword(f"a password has {limits.password_least} to {PASSWORD_MOST} characters")
    folded = text.casefold()
    if folded in COMMON or len(set(text)) < 5:
        raise WeakPassword("this password is guessed first: choose another")
    if selfcare_id.casefold() in folded:
        raise WeakPassword("the password must not hold the self-care ID")
    return text


def is_text(password: str) -> bool:
    """Whether a password is text that could have been typed: no control or half characters."""
    return all(unicodedata.category(each) not in ("Cc", "Cs") for each in password)


class SelfCareError(ContractError):
    """The self-care login refused."""


class TooManyTries(SelfCareError):
    """Too many tries from here; `retry_after_s` whole seconds until the next is taken."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many tries: wait {retry_after_s} s and try again")
        self.retry_after_s = retry_after_s


class WrongCode(SelfCareError):
    """The code is not the latest one mailed; with `tries_left` 0 the login starts anew."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"the code is wrong; {tries_left} tries left")
        self.tries_left = tries_left


class TicketGone(SelfCareError):
    """The half-done login is over: too late, too many wrong codes, or done already."""

    def __init__(self) -> None:
        super().__init__("this login is over: begin again with ID and password")


class SessionGone(SelfCareError):
    """The session ended meanwhile."""

    def __init__(self) -> None:
        super().__init__("the session has ended: log in again")


class WrongPassword(SelfCareError):
    """The present password, asked for once more, is wrong."""

    def __init__(self) -> None:
        super().__init__("the present password is wrong; nothing was changed")


class WeakPassword(SelfCareError):
    """The new password is too easy; the message says why."""


class SamePassword(WeakPassword):
    """The new password is the present one."""

    def __init__(self) -> None:
        super().__init__("the new password is the present one: choose another")


class BadMail(SelfCareError):
    """No mail could go to this address."""


class BadLogin(SelfCareError):
    """No self-care ID."""


class LoginExists(SelfCareError):
    """The contract has a login already, or the ID is another's."""


class UnknownLogin(SelfCareError):
    """The contract has no self-care login."""
