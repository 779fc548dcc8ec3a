"""Where a seeded line is: as the file says, or where its fixed number is (LINE-01)."""

from pathlib import Path

import pytest

from lab import seeds
from lab.errors import Refused
from provisioning.contract import Location

pytestmark = pytest.mark.rule("LINE-01")


def located(number: str, *more: str) -> Location:
    text = "\n    ".join(
        [
            f'lines:\n  - number: "{number}"',
            "profile: ntt",
            *more,
            f'accounts: [{{user: "{number}", password: secret-01}}]',
        ]
    )
    return seeds.parse(Path("seed.yaml"), text + "\n").lines[0].line.location


@pytest.mark.parametrize(
    ("number", "where"),
    [
        ("0300000003", Location("東京", "東京都")),
        ("06-1234-5678", Location("大阪", "大阪府")),
        ("0991301234", Location("硫黄島", "鹿児島県")),
    ],
)
def test_a_fixed_number_has_its_own_area(number: str, where: Location) -> None:
    assert located(number) == where


def test_what_the_file_says_counts() -> None:
    assert located("0300000003", "ma: 那覇", "prefecture: 沖縄県") == Location("那覇", "沖縄県")
    assert located("09000000001", "ma: 東京", "prefecture: 東京都") == Location("東京", "東京都")


@pytest.mark.parametrize(
    ("number", "more", "said"),
    [
        ("09000000001", (), "only a fixed number has an area of its own"),
        ("05000000001", ("ma: 東京",), "only a fixed number has an area of its own"),
        ("0300000003", ("ma: 東京",), "give both ma and prefecture; or neither"),
        ("0300000003", ("prefecture: 東京都",), "give both ma and prefecture; or neither"),
    ],
)
def test_half_a_place_or_none_is_refused(number: str, more: tuple[str, ...], said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        located(number, *more)
    assert str(refused.value).startswith("seed.yaml:2:")


@pytest.mark.parametrize(
    ("number", "more", "said"),
    [
        (
            "0300000003",
            ("ma: 大阪", "prefecture: 東京都"),
            "prefecture: the MA 大阪 lies in 大阪府, not in 東京都",
        ),
        (
            "0300000003",
            ("ma: 東京", "prefecture: 東京"),
            "prefecture: 東京 is no prefecture of Japan: 東京都",
        ),
        (
            "0300000003",
            ("ma: 首里", "prefecture: 沖縄県"),
            "ma: 沖縄県 has no MA 首里; it has: 八重山, 南大東, 名護, 沖縄宮古, 那覇",
        ),
    ],
)
def test_what_is_no_place_is_refused_where_it_stands(
    number: str, more: tuple[str, ...], said: str
) -> None:
    with pytest.raises(Refused) as refused:
        located(number, *more)
    assert str(refused.value).endswith(said)
