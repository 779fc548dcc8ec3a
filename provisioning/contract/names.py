"""Words the whole carrier uses: numbers, profiles, accesses, kinds and states."""

from enum import StrEnum
from typing import NewType

E164 = NewType("E164", str)
"""A full international number: `+`, country code, up to 15 digits (ITU-T E.164)."""


class Profile(StrEnum):
    """Whose service codes a line obeys; the same digits mean different things elsewhere."""

    DOCOMO = "docomo"
    AU = "au"
    RAKUTEN = "rakuten"
    NTT = "ntt"


class Access(StrEnum):
    """How a phone reaches its line: the phone's own dialler, or the Link app (LINE-03)."""

    OS = "os"
    LINK = "link"


class ContractKind(StrEnum):
    """Who signed: a person or a company."""

    CONSUMER = "consumer"
    CORPORATE = "corporate"


class LineStatus(StrEnum):
    """Whether the network serves the line."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Language(StrEnum):
    """The language a line hears."""

    JA = "ja"
    EN = "en"
