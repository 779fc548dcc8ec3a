"""What kind of telephone a freephone call comes from, and where it stands (FREE-02, FREE-03)."""

from ivr.numbering.areas import Areas
from ivr.numbering.freephone import NEVER, Caller
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

    Where the number tells no place, the trunk may have a prefecture. Over a trunk of fixed
    telephones a 050 number is that of an IP telephone all the same, and a mobile's of a mobile.
    """
    if caller is None:
        return Caller(TrunkClass.FIXED)
    kind = _kind(caller)
    if caller.number is not None and kind in STANDS_AT_ITS_NUMBER:
        area = areas.of(caller.number)
        if area is not None:
            return Caller(kind, area.prefecture, area.ma)
    return Caller(kind, caller.trunk.prefecture)


def _kind(caller: TrunkCaller) -> TrunkClass:
    """What calls: numbers that no freephone number takes calls from are so on any trunk (FREE-02).

    Otherwise the trunk knows best: a PHS telephone has a mobile's number, a payphone a fixed one's.
    """
    kind = caller.caller_class
    told = KINDS.get(parse(caller.number).kind) if caller.number is not None else None
    if told is None or kind in NEVER:
        return kind
    return told if told in NEVER or kind is TrunkClass.FIXED else kind


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
