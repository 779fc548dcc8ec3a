"""The words of the portal: both languages say the same things, and every key is used."""

import re
from string import Formatter

import pytest

from provisioning.contract import Language
from provisioning.portal import pages, texts

JA, EN = (texts.load()[language] for language in (Language.JA, Language.EN))
KANA = re.compile("[぀-ヿ]")


def blanks(text: str) -> set[str]:
    """The names to be filled in."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def raw(words: texts.Texts) -> dict[str, str]:
    return {key: words._texts[key] for key in words}


def test_both_languages_have_the_same_keys() -> None:
    assert set(JA) == set(EN)


def test_both_fill_in_the_same_blanks() -> None:
    english = raw(EN)
    assert not {k for k, text in raw(JA).items() if blanks(text) != blanks(english[k])}


def test_each_speaks_its_own_language() -> None:
    assert not {k for k, text in raw(EN).items() if KANA.search(text)} - {"common.other-language"}
    without = {k for k, text in raw(JA).items() if not re.search("[぀-ヿ一-龯]", text)}
    assert without == {"common.other-language"}


def test_every_key_of_a_template_exists() -> None:
    named = {
        key
        for path in pages.FOLDER.iterdir()
        for key in re.findall(r't\("([a-z0-9_.-]+)"[,)]', path.read_text(encoding="utf-8"))
    }
    assert len(named) > 80
    assert not named - set(JA)


def test_an_unknown_key_is_a_defect() -> None:
    with pytest.raises(KeyError):
        JA("no.such.key")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+815000001234", "050-0000-1234"),
        ("+81312345678", "0312345678"),
        ("K00000001", "K00000001"),
        ("demo-login", "demo-login"),
    ],
)
def test_numbers_are_written_as_in_japan(number: str, shown: str) -> None:
    assert pages.grouped(number) == shown


def test_times_are_japans() -> None:
    assert pages.when(1_784_937_600.0, Language.JA) == "2026年7月25日 09:00"
    assert pages.when(1_784_937_600.0, Language.EN) == "2026-07-25 09:00 JST"
    assert pages.day(1_784_937_600.0, Language.JA) == "2026年7月25日"
