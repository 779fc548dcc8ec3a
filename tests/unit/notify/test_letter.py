"""The letter of a number order: what it says, in what type, on how many pages (N050-04)."""

import asyncio
import io
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from provisioning import passwords
from provisioning.contract import ContractKind, Language
from provisioning.notify import paper
from provisioning.notify.letter import LetterContent, hyphenated, render

pytestmark = pytest.mark.rule("N050-04")

CONTENT = LetterContent(
    name="特番 花子",
    postal_code="100-0001",
    address="東京都千代田区千代田1丁目2番3号 特番ビルディング 405号室",
    contract="K00000001",
    order="N00000007",
    date=date(2026, 7, 25),
    numbers=[("05000001234", "4829", "aB3dEf7hJk9m"), ("05000005678", "0007", "Zz22yyXX33ww")],
)


def of(count: int) -> LetterContent:
    """A letter of as many numbers, each with passwords of its own."""
    rows = [(f"0500000{n:04}", f"{7 * n + 1000:04}", f"{n:02}aBcDeFgH{n:02}") for n in range(count)]
    return replace(CONTENT, numbers=rows)


def pages(content: LetterContent) -> list[str]:
    """The text of each page, without any white space."""
    reader = PdfReader(io.BytesIO(render(content)))
    return ["".join(page.extract_text().split()) for page in reader.pages]


def test_it_says_what_was_ordered() -> None:
    [text] = pages(CONTENT)
    for said in (
        "IP電話サービス開始のご案内",
        "〒100-0001",
        "東京都千代田区千代田1丁目2番3号",
        "特番花子様",
        "2026年7月25日",
        "K00000001",
        "N00000007",
        "2番号",
        "050-0000-1234",
        "4829",
        "aB3dEf7hJk9m",
        "050-0000-5678",
        "0007",
        "Zz22yyXX33ww",
        "お問い合わせ",
    ):
        assert said in text


def test_in_english_it_says_the_same() -> None:
    [text] = pages(replace(CONTENT, language=Language.EN))
    for said in ("Yournew050numbers", "2026-07-25", "050-0000-1234", "4829", "aB3dEf7hJk9m"):
        assert said in text
    assert "拝啓" not in text


@pytest.mark.parametrize(("count", "sheets"), [(1, 1), (5, 1), (6, 2), (17, 2), (50, 3)])
def test_every_number_has_its_row(count: int, sheets: int) -> None:
    content = of(count)
    found = pages(content)
    assert len(found) == sheets
    for index, page in enumerate(found, start=1):
        assert f"{index}/{sheets}" in page
    for number, service, line in content.numbers:
        # One after the other: the passwords stand in the row of their number.
        assert any(f"{hyphenated(number)}{service}{line}" in page for page in found)


def test_notes_and_contact_end_every_letter() -> None:
    for count in (1, 12, 13, 14, 15, 16, 17, 46, 50):
        *_, last = pages(of(count))
        assert "裁断してください" in last
        assert "support@tokuban.example" in last


def _fonts(data: bytes) -> Iterator[Any]:
    for page in PdfReader(io.BytesIO(data)).pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            yield font.get_object()


def test_every_font_is_embedded_and_cut_down() -> None:
    data = render(of(50))
    found = list(_fonts(data))
    assert found
    for font in found:
        [descendant] = font["/DescendantFonts"]
        embedded = descendant.get_object()["/FontDescriptor"]["/FontFile2"]
        assert len(embedded.get_object().get_data()) > 1000
        assert "+" in font["/BaseFont"]
    assert len(data) < 150_000


def test_the_same_content_makes_the_same_bytes() -> None:
    assert render(CONTENT) == render(CONTENT)


def test_a_company_is_addressed_as_one() -> None:
    company = replace(CONTENT, name="特番デモ商事株式会社", kind=ContractKind.CORPORATE)
    [text] = pages(company)
    assert "特番デモ商事株式会社御中" in text
    [text] = pages(replace(company, contact="山田 花子"))
    assert "特番デモ商事株式会社ご担当山田花子様" in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("髙﨑 濵子", "髙﨑濵子様"),
        ("森 鷗外", "森鷗外様"),
        ("𠮷野 一郎", "吉野一郎様"),
        ("神谷\U000e0100 誠", "神谷誠様"),
        ("か\u3099っこう", "がっこう様"),
        ("ﾃｽﾄ", "ﾃｽﾄ様"),
        ("𩸽 太郎", "〓太郎様"),
        ("花子 😀", "花子〓様"),
        ("line\nbreak\ttab\0nul", "linebreaktabnul様"),
        ("{name} %s \\", "{name}%s\\様"),
    ],
)
def test_rare_and_odd_characters_never_stop_a_letter(name: str, shown: str) -> None:
    [text] = pages(replace(CONTENT, name=name))
    assert shown in text


@pytest.mark.parametrize("length", [40, 200, 5000])
def test_a_long_name_and_address_stay_in_their_place(length: int) -> None:
    content = replace(CONTENT, name="長" * length, address="住所" * length, contact="x" * length)
    assert len(pages(content)) == 1
    assert len(pages(replace(content, kind=ContractKind.CORPORATE))) == 1


@pytest.mark.parametrize("name", ["", " ", "\0"])
def test_nothing_to_say_is_no_failure(name: str) -> None:
    empty = replace(CONTENT, name=name, address="", postal_code="", numbers=[])
    assert len(pages(empty)) == 1


def test_the_fonts_have_what_the_letter_says() -> None:
    fixed = paper.FONTS.parent / "letter.toml"
    bold = set(fixed.read_text("utf-8")) - {"\n"}
    assert bold <= paper.characters(paper.BOLD)
    assert bold <= paper.characters(paper.TEXT)
    assert set(string.printable[:95]) <= paper.characters(paper.MONO)
    assert set(passwords.ALPHABET) <= paper.characters(paper.MONO)


def test_the_text_font_has_the_kanji_of_jis_levels_1_and_2() -> None:
    cells = (bytes((row, cell)) for row in range(0xB0, 0xF5) for cell in range(0xA1, 0xFF))
    kanji = set()
    for each in cells:
        try:
            kanji.add(each.decode("euc_jp"))
        except UnicodeDecodeError:
            continue
    assert len(kanji) == 6355
    assert kanji <= paper.characters(paper.TEXT)


def test_the_fonts_come_with_their_licence() -> None:
    licence = (paper.FONTS / "OFL.txt").read_text("utf-8")
    for said in ("BIZ UDGothic Project Authors", "JetBrains Mono Project Authors", "Version 1.1"):
        assert said in licence
    assert sum(each.stat().st_size for each in paper.FONTS.iterdir()) < 3_000_000


def test_a_line_begins_and_ends_as_japanese_typesetting_wants() -> None:
    sheet = paper.Paper("", "ja", date(2026, 7, 25), "")
    sheet.add_page()
    sheet.type(paper.TEXT, 10)
    text = (
        "番号（050番号）を、「大切に」保管してください。パスワードは、support@tokuban.example へ。"
    )
    for width in range(12, 80, 3):
        lines = sheet.lines_of(text, width)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert not any(line[0] in paper.NEVER_FIRST for line in lines[1:] if width > 50)
        assert not any(line[-1] in paper.NEVER_LAST for line in lines if width > 50)
    sheet.close_fonts()


def test_passwords_are_in_no_representation() -> None:
    assert "aB3dEf7hJk9m" not in repr(CONTENT)


async def test_in_a_pool_it_is_the_same_letter() -> None:
    assert await asyncio.to_thread(render, CONTENT) == render(CONTENT)
