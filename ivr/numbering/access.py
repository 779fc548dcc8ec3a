"""Which access of a line rings, and which one a dialled number leaves through (LINE-03, LINK-02).

A line has two accesses where it has accounts of both: the Link app and the phone's own dialler.
"""

from collections.abc import Collection, Mapping

from ivr.numbering.plan import Dialled
from provisioning.contract import Access, CarrierProfile, Line

IOS_HANDSET = "ios-handset"
"""The option of a line whose handset lets Link take calls of Link users alone."""

BOTH = (Access.LINK, Access.OS)

RINGS: Mapping[tuple[bool, bool], tuple[Access, ...]] = {
    (False, False): BOTH,
    (False, True): BOTH,
    (True, False): (Access.OS,),
    (True, True): BOTH,
}
"""By whether the handset is an ios one, and whether the caller uses Link; in order."""


def ringing(line: Line, has: Collection[Access], *, from_link: bool) -> tuple[Access, ...]:
    """The accesses an incoming call rings, in order (LINE-03).

    Each is rung only when the one before could not be reached: its app is logged out, or gave no
    sign of life in time.

    Args:
        has: the accesses the line has accounts of.
        from_link: the call was dialled on another line's Link app.
    """
    if Access.LINK not in has:
        return (Access.OS,)
    return RINGS[IOS_HANDSET in line.options, from_link]


def leaves_through(dialled: Dialled, access: Access, profile: CarrierProfile) -> Access:
    """The access a dialled number leaves through: excluded ones are never calls of Link (LINK-02).

    184 and 186 change nothing: they are no part of the number.
    """
    if access is Access.LINK and profile.is_excluded(dialled.digits):
        return Access.OS
    return access
