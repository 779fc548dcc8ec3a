"""Japan's days: minutes, holidays and their substitutes."""

from datetime import UTC, date, datetime

import pytest

from provisioning.calendar import is_holiday, moment
from provisioning.contract import DayKind, Moment


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        (date(2026, 11, 3), True),  # 文化の日
        (date(2026, 5, 3), True),  # 憲法記念日, a Sunday
        (date(2026, 5, 6), True),  # its substitute, behind two more holidays
        (date(2026, 9, 22), True),  # between 敬老の日 and 秋分の日
        (date(2026, 12, 31), False),
        (date(2028, 2, 29), False),
        (date(2027, 3, 22), True),  # 振替休日 of 春分の日
    ],
)
def test_holidays_and_their_substitutes(day: date, holiday: bool) -> None:
    assert is_holiday(day) is holiday


def test_a_day_begins_at_midnight_in_japan() -> None:
    before = datetime(2026, 11, 2, 14, 59, 59, tzinfo=UTC).timestamp()
    assert moment(before) == Moment(date(2026, 11, 2), 1439)
    assert moment(before).kind is DayKind.MONDAY
    assert moment(before + 1) == Moment(date(2026, 11, 3), 0, holiday=True)
    assert moment(before + 1).kind is DayKind.HOLIDAY
