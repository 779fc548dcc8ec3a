"""特定番号通知: what a switch makes of a number display (SHOW-01)."""

from dataclasses import replace

from provisioning.contract import E164, Line, NotContracted, NumberDisplay

OPTION = "tokutei-notify"
"""The contracted option under which calls may show the line's freephone number."""


def shown_freephone(line: Line) -> E164 | None:
    """The number that the line's contract lets it show."""
    return line.freephone if OPTION in line.options else None


def switched(display: NumberDisplay, *, active: bool) -> NumberDisplay:
    """The display switched on or off; `NotContracted` when it has no number."""
    if display.number is None:
        raise NotContracted("特定番号通知 is not contracted for this line")
    return replace(display, active=active)


def words(display: NumberDisplay) -> str:
    """The display as the audit shows it."""
    return f"{'on' if display.active else 'off'}, {display.number or 'no number'}"
