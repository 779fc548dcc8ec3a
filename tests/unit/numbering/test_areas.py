"""Which message area and prefecture a fixed number lies in."""

import pytest

from ivr.numbering.areas import PREFECTURES, Area, Areas
from ivr.numbering.plan import Kind, parse
from lab import areas as table

pytestmark = pytest.mark.rule("LINE-04")

AREAS = table.packaged()
MERGED = table.merged()


@pytest.mark.parametrize(
    ("number", "area"),
    [
        ("0312345678", Area("東京", "東京都")),
        ("+81312345678", Area("東京", "東京都")),
        ("0300000003", Area("東京", "東京都")),
        ("0612345678", Area("大阪", "大阪府")),
        ("0422-22-1234", Area("武蔵野三鷹", "東京都")),
        ("0773201234", Area("福知山", "京都府")),
        ("0773601234", Area("舞鶴", "京都府")),
        ("0261701234", Area("大町", "長野県")),
        ("0261771234", Area("長野", "長野県")),
        ("0991301234", Area("硫黄島", "鹿児島県")),
        ("0980601234", Area("沖縄宮古", "沖縄県")),
    ],
)
def test_the_longest_prefix_says_where_a_number_lies(number: str, area: Area) -> None:
    assert AREAS.of(number) == area


@pytest.mark.parametrize(
    "number",
    ["09012345678", "05012345678", "0120123456", "0312345", "110", "1429", "+12125551234", "", "x"],
)
def test_what_is_no_fixed_number_has_no_area(number: str) -> None:
    assert AREAS.of(number) is None


def test_the_table_is_what_its_sources_say() -> None:
    assert table.packaged_text() == table.text(), "run `python -m lab.areas`"


def test_every_prefix_has_an_area_and_every_prefecture_a_prefix() -> None:
    assert len(MERGED) == 1423
    assert {area.prefecture for area in MERGED.values()} == set(PREFECTURES)
    assert len(PREFECTURES) == 47


def test_our_own_table_fills_what_is_missing_and_nothing_else() -> None:
    unnamed = [labels for labels in table.japanese_data().values() if "en" not in labels]
    assert len(unnamed) == 172
    assert {labels["ja"] for labels in unnamed} == table.own_prefectures().keys()


def test_an_area_lies_in_one_prefecture() -> None:
    found: dict[str, set[str]] = {}
    for area in MERGED.values():
        found.setdefault(area.ma, set()).add(area.prefecture)
    assert {ma: sorted(in_) for ma, in_ in found.items() if len(in_) > 1} == {}


def test_every_prefix_begins_a_fixed_number() -> None:
    assert {parse(prefix.ljust(10, "1")).kind for prefix in MERGED} == {Kind.FIXED}


@pytest.mark.parametrize("text", ["03\t東京\t東京\n", "03\t東京\n", "03 東京 東京都\n"])
def test_a_table_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"prefecture|values to unpack"):
        Areas.parse(text)
