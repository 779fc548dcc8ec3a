"""Seed files: the demo, and what a wrong file is told."""

from pathlib import Path

import pytest

from lab import seeds
from lab.errors import Refused
from lab.office_part import OfficePart
from lab.settings import Settings, StorageSettings
from provisioning.contract import Access, ContractKind, Profile

GOOD = """\
[[line]]
number = "03-1234-5678"
profile = "ntt"
ma = "東京"
prefecture = "東京都"

[[line.account]]
user = "0312345678"
password = "marker-secret"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "lines.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    path = write(folder, text)
    with pytest.raises(Refused) as refused:
        seeds.load(path)
    return str(refused.value).replace(str(path), "lines.toml")


@pytest.mark.rule("LINE-01")
def test_the_demo_has_a_line_of_each_carrier() -> None:
    lines = {seeds.national(seeded.line.number): seeded for seeded in seeds.demo()}
    assert {number: seeded.line.profile for number, seeded in lines.items()} == {
        "09000000001": Profile.DOCOMO,
        "09000000002": Profile.RAKUTEN,
        "0300000003": Profile.NTT,
        "09000000004": Profile.AU,
    }
    passwords = {a.user: a.password for each in lines.values() for a in each.accounts}
    assert passwords == {
        "09000000001": "demo0001",
        "09000000002": "demo0002",
        "09000000002-link": "demo0002",
        "0300000003": "demo0003",
        "09000000004": "demo0004",
    }


@pytest.mark.rule("LINE-01")
def test_the_demo_rakuten_line_has_a_phone_and_an_app() -> None:
    rakuten = next(s for s in seeds.demo() if s.line.profile is Profile.RAKUTEN)
    assert {account.user: account.access for account in rakuten.accounts} == {
        "09000000002": Access.OS,
        "09000000002-link": Access.LINK,
    }


@pytest.mark.rule("SHOW-01")
def test_the_demo_ntt_line_may_show_its_freephone_number() -> None:
    ntt = next(s.line for s in seeds.demo() if s.line.profile is Profile.NTT)
    assert ntt.freephone == "+81120000003"
    assert "tokutei-notify" in ntt.options
    assert ntt.kind is ContractKind.CORPORATE


@pytest.mark.rule("LAB-03")
async def test_the_demo_s_public_passwords_end_with_the_demo(tmp_path: Path) -> None:
    settings = Settings(storage=StorageSettings(folder=tmp_path / "data"))
    known: list[set[str]] = []
    for lines in (seeds.demo(), seeds.load(write(tmp_path, GOOD))):
        part = OfficePart(settings, lines)
        await part.start()
        known.append(set(part.office.directory.users()))
        await part.stop(0)
    assert "09000000001" in known[0]
    assert known[1] == {"0312345678"}


def test_hyphens_are_read_away(tmp_path: Path) -> None:
    (seeded,) = seeds.load(write(tmp_path, GOOD))
    assert seeded.line.number == "+81312345678"


def test_options_and_their_number(tmp_path: Path) -> None:
    contracts = (
        'options = ["international-forwarding", "tokutei-notify"]\nfreephone = "0120123456"\n'
    )
    (seeded,) = seeds.load(write(tmp_path, GOOD.replace('ma = "', contracts + 'ma = "')))
    assert seeded.line.options == {"international-forwarding", "tokutei-notify"}
    assert {type(option) for option in seeded.line.options} == {str}
    assert seeded.line.freephone == "+81120123456"


def test_no_password_in_a_representation(tmp_path: Path) -> None:
    assert "marker-secret" not in repr(seeds.load(write(tmp_path, GOOD)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'profile = "ntt"',
            'profile = "docom"',
            "lines.toml:3: line 1, profile: 'docom' is unknown; did you mean docomo?",
        ),
        (
            'profile = "ntt"',
            'profil = "ntt"',
            "lines.toml:3: line 1, profil: no such field; did you mean profile?",
        ),
        (
            "03-1234-5678",
            "117",
            "lines.toml:2: line 1, number: must be a Japanese number of 9 to 11 digits such as "
            "0312345678 (it is '117')",
        ),
        (
            'user = "0312345678"',
            'user = "a b"',
            "lines.toml:8: line 1, account 1, user: must be a SIP user part without escapes "
            "(RFC 3261 §25.1) (it is 'a b')",
        ),
        (
            'prefecture = "東京都"',
            'freephone = "0312345678"\nprefecture = "東京都"',
            "lines.toml:5: line 1, freephone: must be a freephone number: 0120 and 6 digits or "
            "0800 and 7 digits (it is '0312345678')",
        ),
        (
            'prefecture = "東京都"',
            'options = ["tokutei-notfy"]\nprefecture = "東京都"',
            "lines.toml:5: line 1, options 1: 'tokutei-notfy' is unknown; did you mean "
            "tokutei-notify?",
        ),
        (
            'prefecture = "東京都"',
            'freephone = "0120123456"\nprefecture = "東京都"',
            'lines.toml:5: line 1, freephone: add options = ["tokutei-notify"], which contracts '
            "showing it",
        ),
        (
            'prefecture = "東京都"',
            'prefecture = "東京都"\noptions = ["international-forwarding", "tokutei-notify"]',
            "lines.toml:6: line 1, options: tokutei-notify needs the number to show; add "
            'freephone = "0120…"',
        ),
        (
            "[[line.account]]",
            "[[line.acount]]",
            "lines.toml:7: line 1, acount: no such field; did you mean account?",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert expected in refusal(tmp_path, GOOD.replace(old, new)).splitlines()


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD.replace('ma = "東京"\n', ""))
    assert message == "lines.toml:1: line 1, ma: missing; every line has one"


def test_a_number_stands_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD + GOOD.replace('user = "0312345678"', 'user = "other"'))
    assert message == "lines.toml:11: line 2, number: number 0312345678 stands twice"


def test_a_user_stands_once(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD + GOOD.replace("03-1234-5678", "0312345679"))
    assert message == "lines.toml:17: line 2, account 1, user: user 0312345678 stands twice"


def test_a_bad_password_is_not_repeated(tmp_path: Path) -> None:
    message = refusal(tmp_path, GOOD.replace('"marker-secret"', '"abc"'))
    assert message.startswith("lines.toml:9: line 1, account 1, password: ")
    assert "abc" not in message


def test_an_empty_file_says_what_is_missing(tmp_path: Path) -> None:
    assert "line: missing" in refusal(tmp_path, "")
