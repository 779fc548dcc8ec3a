"""Ranges of bytes (RFC 9110 §14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.listening.model import Part, Unsatisfiable, names, part_of


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", Part(0, 9)),
        ("bytes=0-", Part(0, 99)),
        ("bytes=10-10", Part(10, 10)),
        ("bytes=90-1000", Part(90, 99)),
        ("bytes=-10", Part(90, 99)),
        ("bytes=-1000", Part(0, 99)),
        ("Bytes = 5-6", None),
        ("BYTES=5-6", Part(5, 6)),
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=9-5", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
    ],
)
def test_the_part_that_is_asked_for(asked: str | None, part: Part | None) -> None:
    assert part_of(asked, 100) == part


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_what_lies_behind_the_end_is_not_to_be_had(asked: str) -> None:
    with pytest.raises(Unsatisfiable):
        part_of(asked, 100)


def test_an_empty_file_has_no_part() -> None:
    with pytest.raises(Unsatisfiable):
        part_of("bytes=0-", 0)


@given(st.text(max_size=30).map("bytes={}".format) | st.text(max_size=30), st.integers(0, 50))
def test_a_part_lies_within_the_file_whatever_is_asked(asked: str, length: int) -> None:
    try:
        part = part_of(asked, length)
    except Unsatisfiable:
        return
    assert part is None or 0 <= part.first <= part.last < length


def test_a_version_is_named() -> None:
    assert names('"a", W/"b"', '"b"')
    assert names("*", '"b"')
    assert not names('"a"', '"b"')
