"""Tariff files: a fault is told with its line, a good one prices every call."""

from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab.cli import app
from lab.errors import Refused
from provisioning.billing.book import SHIPPED, TariffBook, check
from provisioning.billing.money import Rounding, rounded, sen_of
from provisioning.billing.tariff import Tariff
from provisioning.billing.tariff_file import BadTariff, read_tariff, read_taxes
from provisioning.contract import Access, Profile
from provisioning.profiles.store import ProfileFiles

pytestmark = pytest.mark.rule("BILL-02")

GOOD = """\
name = "night"
valid_from = 2030-01-01
profiles = ["au"]

[classes]
fixed = ["0"]
mobile = ["090"]

[services]
line = {}

[[price]]
name = "night"
classes = ["mobile"]
yen = "8.5"
unit_s = 60
hours = "22:00-06:00"
days = ["sat", "sun"]
source = "test"

[[price]]
name = "day"
classes = ["fixed", "mobile", "other"]
yen = "10"
unit_s = 60
rounding = "yen-up"
source = "test"
"""


def read(old: str = "", new: str = "") -> Tariff:
    assert old in GOOD
    return read_tariff(GOOD.replace(old, new, 1), "own.toml")


@pytest.mark.parametrize(
    ("begun", "name"),
    [
        ("2030-01-05T21:59:59", "day"),
        ("2030-01-05T22:00:00", "night"),
        ("2030-01-06T05:59:59", "night"),
        ("2030-01-06T06:00:00", "day"),
        ("2030-01-07T23:00:00", "day"),
    ],
)
def test_prices_follow_days_and_hours_in_japan(begun: str, name: str) -> None:
    at = datetime.fromisoformat(f"{begun}+09:00")
    assert read().price("mobile", Access.OS, "line", at).name == name
    assert read().price("fixed", Access.OS, "line", at).name == "day"


def test_the_longest_beginning_names_the_class() -> None:
    tariff = read()
    assert [tariff.class_of(number) for number in ("0312345678", "09012345678", "110")] == [
        "fixed",
        "mobile",
        "other",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('yen = "8.5"', "yen = 8.5", "own.toml:15: price 1, yen: must be text in quotes"),
        ('yen = "8.5"', 'yen = "8.555"', "own.toml:15: price 1, yen: write yen in quotes"),
        ('yen = "8.5"', 'yen = "-1"', "own.toml:15: price 1, yen: write yen in quotes"),
        ("unit_s = 60", "unit_s = 0", "own.toml:16: price 1, unit_s: "),
        ('yen = "10"\n', "", "own.toml:21: price 2: yen and unit_s stand together"),
        ("unit_s = 60", 'unit_s = 60\nfree = "VM-05"', "own.toml:12: price 1: name either"),
        ("22:00-06:00", "22:00-22:00", "own.toml:12: price 1: hours end when they begin"),
        ("22:00-06:00", "22-6", "own.toml:17: price 1, hours: "),
        ("rounding", "roundign", "own.toml:26: price 2, roundign: there is no such field"),
        ('["mobile"]', '["moblie"]', "own.toml:14: no class is called moblie"),
        ('mobile = ["090"]', 'mobile = ["0"]', "own.toml:7: 0 stands under fixed already"),
        ('"day"', '"night"', "own.toml:22: two rows are called night"),
        ('"mobile", "other"]', '"mobile"]', "own.toml:12: a call to other may find no price"),
        ('["au"]', '["kddi"]', "own.toml:3: profiles 1: "),
        ("valid_from = 2030-01-01\n", "", "own.toml:1: valid_from: missing"),
        (
            'source = "test"',
            'services = ["x"]\nsource = "test"',
            "own.toml:19: no service is called",
        ),
        ("[classes]", "[classes", "own.toml: "),
    ],
)
def test_a_fault_is_told_with_its_place(old: str, new: str, told: str) -> None:
    with pytest.raises(BadTariff) as refused:
        read(old, new)
    assert any(line.startswith(told) for line in str(refused.value).splitlines()), refused.value


def test_a_row_that_never_counts_is_told() -> None:
    head, night, day = GOOD.partition("[[price]]")[0], *GOOD.split("[[price]]")[1:]
    with pytest.raises(BadTariff, match="night never counts: day comes before it"):
        read_tariff("[[price]]".join((head, day, night)), "own.toml")


def test_every_shipped_file_holds() -> None:
    (standard,) = check(SHIPPED)
    assert standard.profiles == frozenset(Profile)
    assert {row.source.split()[0] for row in standard.prices} >= {"S0:", "S1:", "S3:"}


def test_own_tariffs_count_from_their_day(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD, "utf-8")
    book = TariffBook.load(tmp_path)
    au = ProfileFiles.load().of(Profile.AU)
    for day, name in ((date(2029, 12, 31), "standard"), (date(2030, 1, 1), "night")):
        found = book.in_force(au, day)
        assert found is not None
        assert found[0].name == name
    assert book.in_force(au, date(2004, 3, 31)) is None


def test_two_tariffs_of_one_day_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(GOOD.replace('"night"', f'"{name}"', 1), "utf-8")
    with pytest.raises(BadTariff, match="one and two both begin on 2030-01-01 for au"):
        TariffBook.load(tmp_path)
    with pytest.raises(BadTariff, match="no such folder"):
        TariffBook.load(tmp_path / "nowhere")


def test_tax_rates_are_dated() -> None:
    rates = read_taxes((SHIPPED / "taxes.toml").read_text("utf-8"), "taxes.toml")
    assert [rate.percent for rate in rates] == [10, 8, 5, 3]
    with pytest.raises(BadTariff, match=r"taxes\.toml:1: tax: missing"):
        read_taxes("", "taxes.toml")


@pytest.mark.rule("BILL-03")
@pytest.mark.parametrize(
    ("rounding", "sen"),
    [("exact", 850), ("yen-down", 800), ("yen-up", 900), ("yen-half-up", 900)],
)
def test_a_rounding_has_a_name(rounding: str, sen: int) -> None:
    assert rounded(850, Rounding(rounding)) == sen
    assert rounded(800, Rounding(rounding)) == 800


@pytest.mark.parametrize("text", ["", ".5", "1.", "1e3", "٣", "1.234", "-1", "1,5", "1234567890"])
def test_no_other_amount_is_taken(text: str) -> None:
    with pytest.raises(ValueError, match="two decimals"):
        sen_of(text)


class TestCommands:
    """`tokuban tariff`."""

    def test_check_names_what_is_good(self, tmp_path: Path) -> None:
        file = tmp_path / "own.toml"
        file.write_text(GOOD, "utf-8")
        result = CliRunner().invoke(app, ["tariff", "check", str(file)])
        assert result.exit_code == 0
        assert "night: 2 prices from 2030-01-01 on" in result.output

    def test_check_names_every_fault(self, tmp_path: Path) -> None:
        file = tmp_path / "own.toml"
        file.write_text(GOOD.replace("unit_s = 60", "unit_s = 0"), "utf-8")
        result = CliRunner().invoke(app, ["tariff", "check", str(file)])
        assert isinstance(result.exception, Refused)
        assert "own.toml:16: price 1" in str(result.exception)
        assert "own.toml:25: price 2" in str(result.exception)

    def test_show_lists_the_prices(self) -> None:
        result = CliRunner().invoke(app, ["tariff", "show", "--json"])
        assert '"yen": "20"' in result.output
        assert "free (LINK-01)" in result.output
