"""Where a number lies depends on the number alone, and on as few digits of it as the table has."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.numbering.plan import Kind, parse
from lab import areas as table

AREAS = table.packaged()
MERGED = table.merged()
LONGEST = max(map(len, MERGED))


@given(st.sampled_from(sorted(MERGED)), st.text("0123456789", min_size=10, max_size=10))
def test_a_number_below_a_prefix_lies_in_an_area_at_least_as_near(prefix: str, rest: str) -> None:
    number = (prefix + rest)[:10]
    nearest = max(
        (known for known in MERGED if number.startswith(known)),
        key=len,
    )
    assert AREAS.of(number) == MERGED[nearest]
    assert len(nearest) >= len(prefix)


@given(st.from_regex(r"0[1-9][0-9]{8}", fullmatch=True), st.text("0123456789", max_size=3))
def test_the_subscriber_s_digits_say_nothing(digits: str, other: str) -> None:
    changed = digits[: 10 - len(other)] + other
    if parse(digits).kind is Kind.FIXED:
        assert LONGEST <= 10 - 3
        assert AREAS.of(digits) == AREAS.of(changed)


@given(st.text())
def test_any_text_has_an_area_or_none(text: str) -> None:
    area = AREAS.of(text)
    assert (area is None) or parse(text).kind is Kind.FIXED
