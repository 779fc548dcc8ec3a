"""Read scenario files: YAML, with the place of everything that is wrong in them."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lab import yaml_file
from lab.errors import Refused, suggestion
from lab.scenarios import grammar
from lab.scenarios.grammar import Unreadable
from lab.scenarios.model import Role, Scenario, Step
from lab.scenarios.voices import HERTZ
from lab.seed_model import Option
from lab.yaml_file import Place, Value, YamlFile
from prompts.catalogue import Prompt
from prompts.script import LANGUAGES
from provisioning.contract import Access, Profile

SUITE = Path(__file__).with_name("suite")
"""The scenarios that come with the product."""

FIELDS = ("scenario", "about", "rules", "language", "phones", "steps")
_WANTED = ("scenario", "phones", "steps")
_RULE = re.compile(r"[A-Z0-9]{2,5}-\d\d")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)")
_LITERALS = {"true": True, "false": False}


def chosen(paths: Iterable[Path]) -> list[Scenario]:
    """The scenarios of files and folders, in order; of none: the suite that comes along.

    Raises:
        Refused: each thing that is wrong in any of them, with file, line and what to write.
    """
    files = [file for path in (list(paths) or [SUITE]) for file in _files(path)]
    found, wrong = [], list(_twice(files))
    for file in files:
        try:
            found.append(read(file))
        except Refused as refusal:
            wrong.append(str(refusal))
    if wrong:
        raise Refused("\n".join(wrong))
    return found


def _twice(files: list[Path]) -> Iterator[str]:
    """What is wrong with names: results are kept by the name of the file."""
    first: dict[str, Path] = {}
    for file in files:
        other = first.setdefault(file.stem, file)
        if other is not file:
            yield f"{file}: has the name of {other}; rename one, or play them one after the other"


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
    if not files:
        raise Refused(f"{path}: no scenario (*.yaml) lies there")
    return files


def read(path: Path) -> Scenario:
    """One scenario.

    Raises:
        Refused: see `chosen`.
    """
    return _Reader(yaml_file.read(path)).scenario()


def parse(path: Path, text: str) -> Scenario:
    """The same for text already read."""
    return _Reader(yaml_file.parse(path, text)).scenario()


class _Reader:
    """Reads one file and gathers what is wrong with it."""

    def __init__(self, file: YamlFile) -> None:
        self._file = file
        self._wrong: list[str] = []

    def scenario(self) -> Scenario:
        fields = self._fields()
        roles = dict(self._roles(fields.get("phones")))
        steps = tuple(self._steps(fields.get("steps"), roles))
        rules = tuple(self._rules(fields.get("rules")))
        language = self._language(fields.get("language"))
        title = self._one_line(fields, "scenario")
        about = self._one_line(fields, "about") if "about" in fields else ""
        if self._wrong:
            raise Refused("\n".join(self._wrong))
        return Scenario(self._file.path, title, roles, steps, rules, language, about)

    def _say(self, place: Place, what: str, *, key: bool = False) -> None:
        self._wrong.append(f"{self._file.where(place, key=key)}: {what}")

    def _fields(self) -> dict[str, Value]:
        values = self._file.values
        if not isinstance(values, dict):
            raise Refused(f"{self._file.path}: no scenario: it has scenario, phones and steps")
        for name in values:
            if name not in FIELDS:
                self._say((name,), f"{name}: no such field{suggestion(name, FIELDS)}", key=True)
        for name in _WANTED:
            if name not in values:
                self._say((), f"{name}: missing; every scenario has one")
        return values

    def _one_line(self, fields: dict[str, Value], name: str) -> str:
        value = fields.get(name)
        if name in fields and not (isinstance(value, str) and value.strip()):
            self._say((name,), f"{name}: must be a text", key=True)
        return str(value or "").strip()

    def _language(self, value: Value) -> str:
        if value is None or value in LANGUAGES:
            return str(value or "ja")
        known = suggestion(str(value), LANGUAGES)
        self._say(("language",), f"language: {value!r} is unknown{known}")
        return "ja"

    def _rules(self, value: Value) -> Iterator[str]:
        if value is not None and not isinstance(value, list):
            self._say(("rules",), "rules: must be a list, as [FWD-01, FWD-07]")
            return
        for index, rule in enumerate(value or []):
            if isinstance(rule, str) and _RULE.fullmatch(rule):
                yield rule
            else:
                self._say(("rules", index), f"rules: {rule!r} is no rule's id, as FWD-01")

    def _roles(self, value: Value) -> Iterator[tuple[str, Role]]:
        if not isinstance(value, dict) or not value:
            if "phones" in (self._file.values or ()):
                self._say(("phones",), "phones: must name who takes part, as caller: docomo")
            return
        if len(value) > len(HERTZ):
            many = f"{len(value)} are too many; at most {len(HERTZ)} play"
            self._say(("phones",), f"phones: {many}", key=True)
        taken = {prompt.value for prompt in Prompt}
        for name, words in value.items():
            place = ("phones", name)
            if not grammar.ROLE.fullmatch(name) or name in taken:
                self._say(place, f"phones: {name!r} is no name; small letters are", key=True)
            try:
                yield name, _role(name, words)
            except Unreadable as error:
                self._say(place, f"phones, {name}: {error}")

    def _steps(self, value: Value, roles: dict[str, Role]) -> Iterator[Step]:
        if not isinstance(value, list) or not value:
            if "steps" in (self._file.values or ()):
                self._say(("steps",), "steps: must be a list, each step with a -")
            return
        for index, written in enumerate(value):
            try:
                yield self._step(("steps", index), written, roles)
            except Unreadable as error:
                self._say(("steps", index), f"step {index + 1}: {error}")

    def _step(self, place: Place, written: Value, roles: dict[str, Role]) -> Step:
        where = self._file.where(place)
        if isinstance(written, str):
            return Step(where, written, grammar.alone(written, roles))
        if not isinstance(written, dict) or len(written) != 1:
            raise Unreadable("a step is one line: `owner dials: 1429`, or `owner hangs up`")
        ((text, value),) = written.items()
        behind = (*place, text)
        means = grammar.valued(text, value, lambda: self._typed(behind, value), roles)
        shown = f"{text}: {value}" if isinstance(value, str) else text
        return Step(where, shown, means)

    def _typed(self, place: Place, value: Value) -> Any:
        """A value as JSON has it: what is written without quotes may be a number or a truth."""
        match value:
            case dict():
                return {name: self._typed((*place, name), each) for name, each in value.items()}
            case list():
                return [self._typed((*place, at), each) for at, each in enumerate(value)]
            case str() if place in self._file.plain:
                if value in _LITERALS:
                    return _LITERALS[value]
                return int(value) if _NUMBER.fullmatch(value) else value
        return value


def _role(name: str, words: Value) -> Role:
    """`docomo voicemail`: the line's profile, options it has, and `link` for a Link app."""
    profiles = [profile.value for profile in Profile]
    if not isinstance(words, str):
        raise Unreadable(f"wants a line: a profile ({', '.join(profiles)}) and options")
    first, *rest = words.split()
    if first not in profiles:
        raise Unreadable(f"{first!r} is no profile{suggestion(first, profiles)}")
    access = Access.LINK if Access.LINK.value in rest else Access.OS
    options = [option.value for option in Option]
    for option in rest:
        if option not in options and option != Access.LINK.value:
            raise Unreadable(f"{option!r} is no option{suggestion(option, [*options, 'link'])}")
    return Role(name, Profile(first), frozenset(rest) - {Access.LINK.value}, access)
