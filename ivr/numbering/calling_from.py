"""What kind of telephone a freephone call comes from, and where it stands (FREE-02, FREE-03)."""

from ivr.numbering.areas import Areas
from ivr.numbering.freephone import Caller
from ivr.numbering.plan import Kind, parse
from provisioning.contract import Line, TrunkCaller, TrunkClass

KINDS = {
    Kind.FIXED: TrunkClass.FIXED,
    Kind.MOBILE: TrunkClass.MOBILE,
    Kind.IP_PHONE: TrunkClass.IP_PHONE,
    Kind.INTERNATIONAL: TrunkClass.INTERNATIONAL,
}
"""What a number tells of the telephone."""

STANDS_AT_ITS_NUMBER = frozenset({TrunkClass.FIXED, TrunkClass.PAYPHONE})


def of_line(line: Line) -> Caller:
    """A line of this network: its location is in the contract; a mobile's MA means nothing."""
    kind = KINDS.get(parse(line.number).kind, TrunkClass.FIXED)
    where = line.location
    return Caller(kind, where.prefecture, where.ma if kind is TrunkClass.FIXED else None)


def of_trunk(caller: TrunkCaller | None, areas: Areas) -> Caller:
    """A caller of another carrier: the class comes with the call, the place with the number.

    Where the number tells no place, the trunk may have a prefecture.
    """
    if caller is None:
        return Caller(TrunkClass.FIXED)
    kind = caller.caller_class
    if caller.number is not None and kind in STANDS_AT_ITS_NUMBER:
        area = areas.of(caller.number)
        if area is not None:
            return Caller(kind, area.prefecture, area.ma)
    return Caller(kind, caller.trunk.prefecture)


def of_number(
    number: str, areas: Areas, kind: TrunkClass | None = None, prefecture: str | None = None
) -> Caller:
    """A caller of whom no more than a number is known, or what is said besides of it.

    Raises:
        ValueError: the number is no caller's, and no kind was said.
    """
    kind = kind or KINDS.get(parse(number).kind)
    if kind is None:
        raise ValueError(f"{number!r:.40} is no number that somebody calls from")
    area = areas.of(number) if kind in STANDS_AT_ITS_NUMBER else None
    if area is not None and prefecture in (None, area.prefecture):
        return Caller(kind, area.prefecture, area.ma)
    return Caller(kind, prefecture)
