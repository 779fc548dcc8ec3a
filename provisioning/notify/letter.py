"""The letter that comes with a number order: each new number with its two passwords (N050-04).

One A4 sheet folded twice shows the address in the window of a 長形3号 envelope.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from provisioning.contract import ContractKind, Language
from provisioning.notify import paper
from provisioning.notify.paper import ACCENT, BOLD, HAIRLINE, INK, MARGIN, MONO, QUIET, TEXT, Paper

TEXTS = Path(__file__).with_name("letter.toml")

BODY = paper.WIDTH - 2 * MARGIN
BOTTOM = 272.0
"""Nothing but the page number stands below."""

WINDOW = (26.0, 20.0, 74.0)
"""The address: left, top and width. The envelope's window is 90 by 45 mm, 20 and 12 mm in."""

FOLDS = (99.0, 198.0)
COLUMNS = (10.0, 42.0, 50.0, 64.0)
ROW, HEAD = 7.0, 8.0


@dataclass(frozen=True, slots=True)
class LetterContent:
    """What one letter says. `numbers`: (national number, service password, line password).

    A password that was replaced before the letter went out is empty.
    """

    name: str
    postal_code: str
    address: str
    contract: str
    order: str
    date: date
    numbers: Sequence[tuple[str, str, str]] = field(repr=False)
    language: Language = Language.JA
    kind: ContractKind = ContractKind.CONSUMER
    contact: str = ""
    server: str = ""


def render(content: LetterContent) -> bytes:
    """The letter as a PDF; some 0.1 s of one core, so call it in a pool.

    The same content makes the same bytes. A character that the font lacks is shown as 〓.
    """
    setting = _Letter(content)
    try:
        return setting.bytes()
    finally:
        setting.close()


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Mapping[str, Any]]:
    """The letter's words, by language and name."""
    return tomllib.loads(TEXTS.read_text("utf-8"))


def hyphenated(national: str) -> str:
    """`05012345678` as `050-1234-5678`; any other text as it is."""
    if len(national) == 11 and national.isascii() and national.isdigit():
        return f"{national[:3]}-{national[3:7]}-{national[7:]}"
    return national


class _Letter:
    """Sets the pages from top to bottom; `_y` is where the next block begins."""

    def __init__(self, content: LetterContent) -> None:
        self._content, self._words = content, texts()[content.language]
        self._paper = Paper(
            self._words["title"], content.language, content.date, self._words["imprint"]
        )
        self._y = 0.0

    def bytes(self) -> bytes:
        self._first_page()
        self._table()
        self._notes()
        self._support()
        return bytes(self._paper.output())

    def close(self) -> None:
        self._paper.close_fonts()

    def _first_page(self) -> None:
        self._paper.add_page()
        self._fold_marks()
        self._address()
        self._sender()
        self._y = 78.0
        self._title()
        self._greeting()
        self._facts()

    def _fold_marks(self) -> None:
        for fold in FOLDS:
            self._paper.rule(4, fold, 4, HAIRLINE)

    def _address(self) -> None:
        content, on = self._content, self._paper
        left, y, width = WINDOW
        on.type(TEXT, 10)
        on.put(left, y, paper.settable(self._words["postal_mark"] + content.postal_code))
        y += 5.5
        for line in on.fit(paper.settable(content.address), width, (10, 9, 8), 3):
            on.put(left, y, line)
            y += 4.8
        y += 2
        for text in self._addressees():
            on.type(TEXT, 12)
            for line in on.fit(text, width, (12, 10.5, 9), 2):
                on.put(left, y, line)
                y += 5.4

    def _addressees(self) -> list[str]:
        content, words = self._content, self._words
        corporate = content.kind is ContractKind.CORPORATE
        if corporate and content.contact:
            named = [content.name, words["to_contact"].format(name=content.contact)]
        else:
            named = [
                words["to_corporate" if corporate else "to_consumer"].format(name=content.name)
            ]
        return [paper.settable(each) for each in named]

    def _sender(self) -> None:
        words, on, day = self._words, self._paper, self._content.date
        width = 60.0
        x = paper.WIDTH - MARGIN - width
        on.type(TEXT, 9.5, QUIET)
        dated = words["date"].format(year=day.year, month=day.month, day=day.day)
        on.put(x, 20, dated, width, "R")
        on.type(BOLD, 11, ACCENT)
        first, *others = words["sender"]
        on.put(x, 30, first, width, "R")
        on.type(TEXT, 9.5, INK)
        for index, line in enumerate(others):
            on.put(x, 36 + 5 * index, line, width, "R")
        on.type(BOLD, 8.5, ACCENT)
        box = on.get_string_width(words["confidential"]) + 6
        on.set_draw_color(*ACCENT)
        on.set_line_width(0.3)
        on.rect(paper.WIDTH - MARGIN - box, 47, box, 6)
        on.put(paper.WIDTH - MARGIN - box, 48.1, words["confidential"], box, "C")

    def _title(self) -> None:
        on = self._paper
        on.type(BOLD, 17, ACCENT, spacing=0.6)
        on.put(MARGIN, self._y, self._words["title"], BODY, "C")
        on.type(TEXT, 10)
        self._y += 16

    def _greeting(self) -> None:
        on, words = self._paper, self._words
        on.type(TEXT, 10)
        self._y = on.paragraph(MARGIN, self._y, words["greeting"], BODY, 6)
        if words["closing"]:
            on.put(MARGIN, self._y, words["closing"], BODY, "R")
            self._y += 8
        if words["record"]:
            on.put(MARGIN, self._y, words["record"], BODY, "C")
            self._y += 9
        else:
            self._y += 4

    def _facts(self) -> None:
        content, words, on = self._content, self._words, self._paper
        count = words["count_value"].format(count=len(content.numbers))
        facts = [("contract", content.contract), ("order", content.order), ("count", count)]
        if content.server:
            facts.append(("server", content.server))
        width = BODY / len(facts)
        for index, (name, value) in enumerate(facts):
            x = MARGIN + index * width
            on.type(TEXT, 8, QUIET)
            on.put(x, self._y, words[name])
            on.type(TEXT, 10.5)
            on.fit(paper.settable(value), width - 3, (10.5, 9, 8, 7), 1)
            on.put(x, self._y + 4.6, paper.settable(value))
        self._y += 14

    def _table(self) -> None:
        self._heading()
        for index, row in enumerate(self._content.numbers):
            if self._y + ROW > BOTTOM:
                self._next_page(self._words["continued"])
                self._heading()
            self._row(index, row)
        self._paper.rule(MARGIN, self._y, BODY, ACCENT, 0.4)
        self._y += 3
        if self._words["end"]:
            self._need(8)
            self._paper.type(TEXT, 10)
            self._paper.put(MARGIN, self._y, self._words["end"], BODY, "R")
            self._y += 8
        else:
            self._y += 5

    def _heading(self) -> None:
        on = self._paper
        on.panel(MARGIN, self._y, BODY, HEAD, ACCENT)
        on.type(BOLD, 8.5, (255, 255, 255))
        for x, title in zip(self._lefts(), self._words["columns"], strict=True):
            on.put(x, self._y + 2.1, title)
        self._y += HEAD

    def _row(self, index: int, row: tuple[str, str, str]) -> None:
        on = self._paper
        if index % 2:
            on.panel(MARGIN, self._y, BODY, ROW)
        ordinal, *cells = self._lefts()
        on.type(TEXT, 7.5, QUIET)
        on.put(ordinal, self._y + 1.9, str(index + 1), 5, "R")
        for x, text in zip(cells, (hyphenated(row[0]), row[1], row[2]), strict=True):
            if text:
                on.type(MONO, 10.5)
                on.put(x, self._y + 1.1, paper.settable(text, MONO))
            else:
                on.type(TEXT, 8.5, QUIET)
                on.put(x, self._y + 1.6, self._words["replaced"])
        self._y += ROW
        on.rule(MARGIN, self._y, BODY)

    def _lefts(self) -> list[float]:
        """Where the text of each column begins."""
        return [MARGIN + sum(COLUMNS[:index]) + 2 for index in range(len(COLUMNS))]

    def _notes(self) -> None:
        on, notes = self._paper, self._words["notes"]
        on.type(TEXT, 8.5)
        height = 9 + sum(len(on.lines_of(note, BODY - 5)) * 4.7 + 1.2 for note in notes)
        self._need(height)
        on.type(BOLD, 10, ACCENT)
        on.put(MARGIN, self._y, self._words["notes_title"])
        self._y += 7
        for note in notes:
            on.set_fill_color(*ACCENT)
            on.circle(MARGIN + 1.2, self._y + 1.9, 0.7, style="F")
            on.type(TEXT, 8.5)
            self._y = on.paragraph(MARGIN + 5, self._y, note, BODY - 5, 4.7) + 1.2

    def _support(self) -> None:
        on, (who, where, what) = self._paper, self._words["support"]
        self._y += 2
        self._need(22)
        on.panel(MARGIN, self._y, BODY, 20)
        on.panel(MARGIN, self._y, 1.2, 20, ACCENT)
        on.type(BOLD, 8.5, ACCENT)
        on.put(MARGIN + 6, self._y + 3, self._words["support_title"])
        on.type(TEXT, 9.5)
        on.put(MARGIN + 6, self._y + 8, who)
        on.type(MONO, 9.5)
        on.put(MARGIN + 6, self._y + 8, where, BODY - 12, "R")
        on.type(TEXT, 8, QUIET)
        on.put(MARGIN + 6, self._y + 13.5, what)
        self._y += 22

    def _need(self, height: float) -> None:
        """Go to a new page where `height` mm do not fit any more."""
        if self._y + height > BOTTOM:
            self._next_page(self._words["title"])

    def _next_page(self, heading: str) -> None:
        on, content = self._paper, self._content
        on.add_page()
        on.type(BOLD, 11, ACCENT)
        on.put(MARGIN, 20, heading)
        on.type(TEXT, 8.5, QUIET)
        on.put(MARGIN, 20.8, paper.settable(f"{content.contract}  ·  {content.order}"), BODY, "R")
        on.rule(MARGIN, 27, BODY, ACCENT, 0.4)
        self._y = 32.0
