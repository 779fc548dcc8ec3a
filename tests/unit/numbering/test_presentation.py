"""What the called party sees of the caller."""

from dataclasses import replace

import pytest

from ivr.numbering.plan import CallerIdPrefix
from ivr.numbering.presentation import (
    UNTOLD,
    WITHHELD_BY_DEFAULT,
    Presented,
    of_line,
    of_trunk,
    withholds,
)
from provisioning.contract import E164, NumberDisplay, Trunk, TrunkCaller, TrunkClass
from tests.support.scripted_call import DOCOMO, FREEPHONE, NTT

HIDING = frozenset({WITHHELD_BY_DEFAULT})
WITHHOLD, PRESENT = CallerIdPrefix.WITHHOLD, CallerIdPrefix.PRESENT
NOTHING = NumberDisplay()
ON, OFF = NumberDisplay(FREEPHONE, active=True), NumberDisplay(FREEPHONE, active=False)
ANONYMOUS = Presented(None, "Anonymous")


@pytest.mark.rule("CALL-04")
@pytest.mark.parametrize(
    ("options", "prefix", "withheld"),
    [
        (frozenset(), None, False),
        (frozenset(), WITHHOLD, True),
        (frozenset(), PRESENT, False),
        (HIDING, None, True),
        (HIDING, WITHHOLD, True),
        (HIDING, PRESENT, False),
    ],
)
def test_a_prefix_beats_the_lines_default(
    options: frozenset[str], prefix: CallerIdPrefix | None, withheld: bool
) -> None:
    line = replace(DOCOMO, options=options)
    assert withholds(line, prefix) is withheld
    shown = of_line(line, prefix, NOTHING)
    assert shown == (ANONYMOUS if withheld else Presented(DOCOMO.number))


@pytest.mark.rule("SHOW-02")
@pytest.mark.parametrize(
    ("display", "prefix", "shown"),
    [
        (ON, None, Presented(FREEPHONE)),
        (ON, PRESENT, Presented(FREEPHONE)),
        (ON, WITHHOLD, ANONYMOUS),
        (OFF, None, Presented(NTT.number)),
        (OFF, WITHHOLD, ANONYMOUS),
        (NumberDisplay(None, active=True), None, Presented(NTT.number)),
    ],
)
def test_the_freephone_number_is_shown_unless_withheld(
    display: NumberDisplay, prefix: CallerIdPrefix | None, shown: Presented
) -> None:
    assert of_line(NTT, prefix, display) == shown


@pytest.mark.rule("SHOW-02")
def test_a_line_that_withholds_by_default_shows_no_freephone_number() -> None:
    assert of_line(replace(NTT, options=HIDING), None, ON) == ANONYMOUS


NUMBER = E164("+81312345678")


def calling(
    number: E164 | None, kind: TrunkClass, *, withheld: bool = False, reason: str = ""
) -> TrunkCaller:
    return TrunkCaller(Trunk("other", TrunkClass.FIXED), number, kind, withheld, reason)


@pytest.mark.rule("CALL-04")
@pytest.mark.parametrize(
    ("caller", "shown"),
    [
        (calling(NUMBER, TrunkClass.FIXED), Presented(NUMBER)),
        (calling(NUMBER, TrunkClass.INTERNATIONAL), Presented(NUMBER)),
        (calling(NUMBER, TrunkClass.MOBILE, withheld=True), ANONYMOUS),
        (calling(None, TrunkClass.MOBILE, withheld=True), ANONYMOUS),
        (calling(None, TrunkClass.INTERNATIONAL), Presented(None, "Unavailable")),
        (calling(None, TrunkClass.IP_PHONE), Presented(None, "Interaction with other service")),
        (calling(NUMBER, TrunkClass.PAYPHONE), Presented(None, "Coin line/payphone")),
        (calling(None, TrunkClass.PAYPHONE, withheld=True), Presented(None, "Coin line/payphone")),
    ],
)
def test_another_carriers_caller_is_shown_or_the_reason(
    caller: TrunkCaller, shown: Presented
) -> None:
    assert of_trunk(caller) == shown


@pytest.mark.rule("CALL-04")
@pytest.mark.parametrize("reason", ["Anonymous", "Unavailable", "Interaction with other service"])
@pytest.mark.parametrize("withheld", [True, False])
@pytest.mark.parametrize("kind", [TrunkClass.MOBILE, TrunkClass.IP_PHONE])
def test_a_reason_that_another_carrier_gives_is_passed_on(
    reason: str, withheld: bool, kind: TrunkClass
) -> None:
    caller = calling(None, kind, withheld=withheld, reason=reason)
    assert of_trunk(caller) == Presented(None, reason)
    assert of_trunk(caller, CallerIdPrefix.WITHHOLD) == ANONYMOUS


@pytest.mark.rule("CALL-04")
def test_a_reason_hides_no_number_that_may_be_shown() -> None:
    shown = calling(NUMBER, TrunkClass.FIXED, reason="Unavailable")
    hidden = calling(NUMBER, TrunkClass.FIXED, withheld=True, reason="Unavailable")
    assert of_trunk(shown) == Presented(NUMBER)
    assert of_trunk(hidden, CallerIdPrefix.PRESENT) == Presented(None, "Unavailable")


@pytest.mark.rule("CALL-04")
def test_every_class_has_a_reason() -> None:
    assert UNTOLD.keys() == set(TrunkClass)
