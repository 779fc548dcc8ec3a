"""A4 paper with Japanese type: fonts, measures in millimetres, lines broken as Japanese are."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import TTFFont

FONTS = Path(__file__).parent / "fonts"
TEXT, BOLD, MONO = "text", "bold", "mono"
FILES = {
    TEXT: "BIZUDPGothic-Regular.ttf",
    BOLD: "BIZUDPGothic-Bold.ttf",
    MONO: "JetBrainsMono-Medium.ttf",
}
"""Each under the SIL Open Font License; see `fonts/OFL.txt`."""

WIDTH, HEIGHT, MARGIN = 210.0, 297.0, 22.0

INK, ACCENT, QUIET = (32, 36, 44), (26, 62, 102), (104, 112, 124)
HAIRLINE, TINT = (205, 211, 219), (243, 246, 250)

LONGEST_FITTED = 500

GETA = "〓"
"""What Japanese printers set in the place of a character that their type lacks."""

USUAL = {"𠮷": "吉"}
"""The usual form of a variant that names have and the font lacks."""

NEVER_FIRST = "、。，．・：；！？）」』】〕〉》ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々,.)]}!?:;"
NEVER_LAST = "（「『【〔〈《([{"
_COMBINED = re.compile(".[\u0300-\u036f\u3099\u309a]+")
"""Composing only these leaves the compatibility kanji of names (神, 﨑) as they are."""
_TOKEN = re.compile(
    rf"[{re.escape(NEVER_LAST)}]*(?:[!-~]+|.)[{re.escape(NEVER_FIRST)}]*", re.DOTALL
)


@lru_cache(maxsize=len(FILES))
def characters(font: str) -> frozenset[str]:
    """The characters that a font can show."""
    with TTFont(FONTS / FILES[font], lazy=True) as file:
        return frozenset(map(chr, file.getBestCmap()))


def settable(text: str, font: str = TEXT) -> str:
    """`text` as the font can show it: on one line, a geta mark where it lacks a character."""
    known = characters(font)
    composed = _COMBINED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)
    return "".join(_settable(composed, known)).strip()


def _settable(text: str, known: frozenset[str]) -> Iterator[str]:
    for each in text:
        if each in known:
            yield each
        elif USUAL.get(each) in known:
            yield USUAL[each]
        elif each.isspace() or unicodedata.category(each) == "Cc":
            yield " "
        elif unicodedata.category(each) not in ("Mn", "Cf"):  # a variant's mark shows nothing
            yield GETA if GETA in known else "?"


class Paper(FPDF):
    """Pages of A4; all positions and sizes in mm from the upper left, type sizes in points."""

    def __init__(self, title: str, language: str, made_on: date, imprint: str) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._imprint = imprint
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.c_margin = 0
        for family, file in FILES.items():
            self.add_font(family, fname=FONTS / file)
        self.set_title(title)
        self.set_lang(language)
        self.set_producer("tokuban")
        self.set_creation_date(datetime.combine(made_on, time(), UTC))

    def close_fonts(self) -> None:
        """Let go of the font files, which fpdf2 reads as it needs them."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont.close()

    def footer(self) -> None:
        """The imprint and the number of the page among all; fpdf2 calls it at each page's end."""
        self.rule(MARGIN, 280, WIDTH - 2 * MARGIN)
        self.type(TEXT, 7.5, QUIET)
        self.put(MARGIN, 282.5, self._imprint)
        self.put(WIDTH - MARGIN - 8, 282.5, f"{self.page} / {{nb}}")

    def type(
        self, font: str, size: float, colour: Sequence[int] = INK, *, spacing: float = 0
    ) -> None:
        """Take up this font, size (points), colour and letter spacing (points)."""
        self.set_font(font, size=size)
        self.set_text_color(*colour)
        self.set_char_spacing(spacing)

    def put(self, x: float, y: float, text: str, width: float = 0, align: str = "L") -> None:
        """One line whose box, 1.3 times as high as its type, begins at (x, y)."""
        self.set_xy(x, y)
        self.cell(width, self.font_size * 1.3, text, align=align)

    def lines_of(self, text: str, width: float) -> list[str]:
        """`text` broken into lines of at most `width` mm in the present type.

        A line begins with no closing mark and ends with no opening one (JIS X 4051); a word
        that is wider than a line is broken anywhere.
        """
        lines = [""]
        for token in _TOKEN.findall(text):
            if self.get_string_width(lines[-1] + token.rstrip()) <= width:
                lines[-1] += token
            elif self.get_string_width(token) <= width:
                lines.append(token.lstrip())
            else:
                self._break(token, lines, width)
        return [line.rstrip() for line in lines]

    def _break(self, token: str, lines: list[str], width: float) -> None:
        for each in token:
            if self.get_string_width(lines[-1] + each) > width:
                lines.append("")
            lines[-1] += each

    def paragraph(self, x: float, y: float, text: str, width: float, leading: float) -> float:
        """Set `text` in lines `leading` mm apart; answers where the next line begins."""
        for line in self.lines_of(text, width):
            self.put(x, y, line)
            y += leading
        return y

    def fit(self, text: str, width: float, sizes: Sequence[float], most: int) -> list[str]:
        """`text` in at most `most` lines, in the largest of `sizes` that suffices.

        What does not fit in the smallest ends with an ellipsis. The size stays set.
        """
        text = text[:LONGEST_FITTED]
        lines = [""]
        for size in sizes:
            self.set_font_size(size)
            lines = self.lines_of(text, width)
            if len(lines) <= most:
                return lines
        return [*lines[: most - 1], lines[most - 1][:-1] + "…"]

    def rule(
        self, x: float, y: float, width: float, colour: Sequence[int] = HAIRLINE, mm: float = 0.2
    ) -> None:
        """A horizontal line."""
        self.set_draw_color(*colour)
        self.set_line_width(mm)
        self.line(x, y, x + width, y)

    def panel(
        self, x: float, y: float, width: float, height: float, colour: Sequence[int] = TINT
    ) -> None:
        """A filled box."""
        self.set_fill_color(*colour)
        self.rect(x, y, width, height, style="F")
