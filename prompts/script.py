"""The script of a language: every prompt's text, taken apart into fixed words and values."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from prompts.catalogue import SIGNATURES, Prompt, Value
from prompts.readings.english import English
from prompts.readings.japanese import Japanese
from prompts.readings.reading import Pause, Reading, Readings, Recipe, Sound, Take

READINGS: Mapping[str, Readings] = {"ja": Japanese(), "en": English()}
LANGUAGES = tuple(READINGS)
_SAMPLE_BEFORE = {"ja": "ゼロ", "en": "nine"}
_SAMPLE_AFTER = {"ja": "ゼロです。", "en": "nine."}
"""Stand for the values while the words around them are recorded."""
_MARKS = "、。,. "
_SLOT = re.compile(r"\{([a-z_]+)\}")
_AFTER_COMMA = Pause(200)
_AFTER_SENTENCE = Pause(350)


class ScriptError(Exception):
    """A text file is wrong; the message names the file, the prompt and the way out."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Words that never change: a clip of their own."""

    clip: str
    text: str
    recipe: Take


Part = Fixed | Value


@dataclass(frozen=True, slots=True)
class Line:
    """One prompt, in the order it is spoken; `takes` is the order of its values."""

    text: str
    parts: tuple[Part, ...]
    takes: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """Everything one language says."""

    language: str
    lines: Mapping[Prompt, Line]
    readings: Readings

    def clips(self) -> dict[str, Recipe]:
        """List every clip, by id, with its recipe: fixed words and fillers."""
        fixed: dict[str, Recipe] = {
            part.clip: part.recipe
            for line in self.lines.values()
            for part in line.parts
            if isinstance(part, Fixed)
        }
        return fixed | {f"fillers/{name}": r for name, r in self.readings.fillers().items()}

    def compose(self, prompt: Prompt, values: Sequence[object]) -> Reading:
        """Say a prompt with its values; `ValueError` when they do not fit its signature."""
        line = self.lines[prompt]
        if len(values) != len(line.takes):
            wanted = ", ".join(value.name for value in line.takes) or "no values"
            raise ValueError(f"{prompt} takes {wanted}; {len(values)} given")
        read = {
            taken.name: self.readings.read(taken.kind, value)
            for taken, value in zip(line.takes, values, strict=True)
        }
        text = _SLOT.sub(lambda slot: read[slot[1]].text, line.text)
        return Reading(text, tuple(_sounds(line.parts, read)))


def load(language: str) -> Script:
    """Read and check `texts/<language>.toml`; `ScriptError` says what is wrong."""
    name = f"texts/{language}.toml"
    source = resources.files("prompts").joinpath(name).read_text(encoding="utf-8")
    return parse(language, source, name)


def parse(language: str, source: str, name: str = "texts") -> Script:
    """Check a text file against the catalogue and take its texts apart."""
    try:
        tables = tomllib.loads(source)
    except tomllib.TOMLDecodeError as wrong:
        raise ScriptError(f"{name}: {wrong}") from wrong
    unknown = sorted(set(tables) - set(Prompt))
    if unknown:
        raise ScriptError(f"{name}: no prompt is called {unknown[0]!r}; see prompts/catalogue.py")
    missing = sorted(set(Prompt) - set(tables))
    if missing:
        raise ScriptError(f"{name}: {missing[0]} has no text; add a table [{missing[0]!r}]")
    lines = {prompt: _line(language, prompt, tables[prompt], name) for prompt in Prompt}
    return Script(language, lines, READINGS[language])


def _line(language: str, prompt: Prompt, table: object, name: str) -> Line:
    if not isinstance(table, dict) or not isinstance(table.get("text"), str):
        raise ScriptError(f"{name}: {prompt} needs a text")
    text, say = table["text"], table.get("say", table["text"])
    if not isinstance(say, str) or set(table) - {"text", "say"}:
        raise ScriptError(f"{name}: {prompt} has a text and at most a say, both strings")
    takes = SIGNATURES.get(prompt, ())
    wanted = sorted(value.name for value in takes)
    for sentence in (text, say):
        if sorted(_SLOT.findall(sentence)) != wanted or set(_SLOT.sub("", sentence)) & {*"{}"}:
            raise ScriptError(f"{name}: {prompt} must have each of {wanted} once, and no other")
    return Line(text, tuple(_parts(language, prompt, say, takes)), takes)


def _parts(language: str, prompt: Prompt, say: str, takes: tuple[Value, ...]) -> Iterator[Part]:
    """Split the words at the values; each piece is recorded within its whole sentence."""
    by_name = {value.name: value for value in takes}
    pieces = _SLOT.split(say)
    for index, piece in enumerate(pieces):
        words = piece.lstrip(_MARKS).rstrip()
        if index % 2:
            yield by_name[piece]
        elif words:
            led = piece[: len(piece) - len(piece.lstrip(_MARKS))]
            before = _SAMPLE_BEFORE[language] + led if index else ""
            after = _SAMPLE_AFTER[language] if index + 1 < len(pieces) else ""
            number = index // 2 + 1
            yield Fixed(f"{prompt}.{number}", piece.strip(), Take(words, before, after))


def _sounds(parts: Sequence[Part], read: Mapping[str, Reading]) -> Iterator[Sound]:
    before = ""
    for part in parts:
        match part:
            case Fixed(clip=clip, text=text):
                yield from _pause(text[0])
                yield clip
                before = text[-1]
            case Value(name=name):
                yield from _pause(before)
                for sound in read[name].sounds:
                    yield f"fillers/{sound}" if isinstance(sound, str) else sound


def _pause(mark: str) -> Iterator[Pause]:
    """Pause where a comma or a full stop stands between the words and a value."""
    if mark and mark in "、,":
        yield _AFTER_COMMA
    elif mark and mark in "。.":
        yield _AFTER_SENTENCE
