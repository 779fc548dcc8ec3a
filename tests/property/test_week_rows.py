"""Rows that a person types: whatever a schedule says, its rows say the same."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.contract import Band, DayKind, DayPlan, Schedule, YearDay
from provisioning.contract.schedule import MINUTES
from provisioning.freephone.schedules import schedule_faults
from provisioning.freephone.week import BadRows, Row, Rows, merged, minute_of

ROWS: Rows[int] = Rows(0, str, int)
KINDS = tuple(DayKind)


@st.composite
def plans(draw: st.DrawFn) -> DayPlan[int]:
    cuts = sorted(draw(st.sets(st.integers(1, MINUTES - 1), max_size=4)))
    edges = [0, *cuts, MINUTES]
    values = [draw(st.integers(0, 2)) for _ in edges[1:]]
    return tuple(Band(*each) for each in zip(edges, edges[1:], values, strict=False))


DATES = st.sampled_from([date(2026, 12, 29), date(2028, 2, 29), date(2027, 1, 1)])
YEARLY = st.sampled_from([YearDay(12, 31), YearDay(2, 29), YearDay(1, 1)])
SCHEDULES = st.builds(
    Schedule,
    st.fixed_dictionaries({kind: plans() for kind in KINDS}),
    st.dictionaries(YEARLY, plans(), max_size=2),
    st.dictionaries(DATES, plans(), max_size=2),
)

TIMES = st.one_of(
    st.sampled_from(["", "0:00", "24:00", "24:01", "9:75", "25:00", "９:00", "0930", "-1:00"]),
    st.integers(0, MINUTES).map(lambda minute: f"{minute // 60}:{minute % 60:02}"),
)
TYPED = st.builds(
    Row,
    st.just("w0"),
    st.sets(st.sampled_from(KINDS), max_size=3).map(lambda days: tuple(sorted(days))),
    st.sampled_from(["", "12-31", "2-29", "02-30", "2026-12-29", "2026-02-29", "x"]),
    TIMES,
    TIMES,
    st.sampled_from(["0", "1", "", "x"]),
)


def plain(schedule: Schedule[int] | None) -> Schedule[int]:
    """The same with neighbouring bands of one value as one."""
    if schedule is None:
        return Schedule({kind: (Band(0, MINUTES, 0),) for kind in KINDS})
    return Schedule(
        {kind: merged(plan) for kind, plan in schedule.days.items()},
        {day: merged(plan) for day, plan in schedule.yearly.items()},
        {day: merged(plan) for day, plan in schedule.dates.items()},
    )


@given(SCHEDULES)
@settings(max_examples=60)
def test_the_rows_of_a_schedule_say_the_same(schedule: Schedule[int]) -> None:
    assert plain(ROWS.schedule(*ROWS.of(schedule))) == plain(schedule)


@given(st.lists(TYPED, max_size=4), st.lists(TYPED, max_size=3))
@settings(max_examples=150)
def test_what_is_typed_is_a_whole_schedule_or_is_told_by_row(
    week: list[Row], dates: list[Row]
) -> None:
    found = read(week, dates)
    if isinstance(found, BadRows):
        assert {each.field.partition("-")[0] for each in found.wrong} == {"w0"}
    elif found is not None:
        assert not list(schedule_faults("FREE-10", "x", found))


def read(week: list[Row], dates: list[Row]) -> Schedule[int] | BadRows | None:
    try:
        return ROWS.schedule(week, dates)
    except BadRows as error:
        return error


@given(st.text(max_size=6))
def test_a_time_is_a_minute_of_the_day_or_none(text: str) -> None:
    minute = minute_of(text)
    assert minute is None or 0 <= minute <= MINUTES
