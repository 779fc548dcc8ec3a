"""Read a YAML file as text values, and remember where each of them stands.

A scalar is the text that was written, quoted or not: 0300000003 is no octal number and `no` is
no truth value. Whoever asks for a number or a truth value makes it of the text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab import text_file
from lab.errors import Refused

Place = tuple[str | int, ...]
Mark = tuple[int, int]
"""Line and column, from 1."""

Value = str | None | list["Value"] | dict[str, "Value"]

MOST_VALUES = 1_000_000
"""A file of aliases can stand for far more values than it has letters."""

_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The values of a file, and where each stands: `keys` of a mapping, and `marks` of values.

    `plain` are the places of scalars that were written without quotes.
    """

    path: Path
    values: Value
    marks: dict[Place, Mark]
    keys: dict[Place, Mark]
    plain: frozenset[Place] = frozenset()

    def where(self, place: Place, *, key: bool = False) -> str:
        """`file:line:column` of a value or its key, or of the nearest thing around it."""
        for length in range(len(place), -1, -1):
            part = place[:length]
            mark = (self.keys.get(part) if key or length < len(place) else None) or self.marks.get(
                part
            )
            if mark is not None:
                return f"{self.path}:{mark[0]}:{mark[1]}"
        return str(self.path)


def read(path: Path) -> YamlFile:
    """Parse a file.

    Raises:
        Refused: it is missing, unreadable, not UTF-8 or not YAML.
    """
    return parse(path, text_file.read(path))


def parse(path: Path, text: str) -> YamlFile:
    """The same for text already read."""
    reader = _Reader(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        values = reader.value(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        raise Refused(_syntax(path, error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Refused(f"{path}:{line}: not YAML: a character that no text has") from None
    except RecursionError:
        raise Refused(f"{path}: nested too deep for a file of settings") from None
    return YamlFile(path, values, reader.marks, reader.keys, frozenset(reader.plain))


class _Reader:
    """Makes values of nodes, and notes their places."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self.marks: dict[Place, Mark] = {}
        self.keys: dict[Place, Mark] = {}
        self.plain: set[Place] = set()

    def value(self, node: yaml.Node, place: Place) -> Value:
        self._count += 1
        if self._count > MOST_VALUES:
            raise Refused(f"{self._path}: more than {MOST_VALUES} values: too many aliases")
        self.marks[place] = _mark(node)
        match node:
            case yaml.MappingNode():
                return dict(self._pairs(node, place))
            case yaml.SequenceNode():
                items = enumerate(node.value)
                return [self.value(item, (*place, index)) for index, item in items]
            case yaml.ScalarNode():
                if node.style is None:
                    self.plain.add(place)
                    return None if node.tag == _NULL else str(node.value)
                return str(node.value)
        raise TypeError(f"YAML has no {type(node).__name__}")

    def _pairs(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[str, Value]]:
        seen: dict[str, Mark] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Refused(f"{self._at(key)}: not YAML that is read here: a key must be a word")
            name = str(key.value)
            if name in seen:
                raise Refused(
                    f"{self._at(key)}: {name} stands twice; it stands first in line {seen[name][0]}"
                )
            seen[name] = self.keys[*place, name] = _mark(key)
            yield name, self.value(value, (*place, name))

    def _at(self, node: yaml.Node) -> str:
        line, column = _mark(node)
        return f"{self._path}:{line}:{column}"


def _mark(node: yaml.Node) -> Mark:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _syntax(path: Path, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    at = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
    reason = error.problem or "it cannot be read"
    if "'\\t'" in reason:
        reason += "; indent with blanks, not tabs"
    elif "mapping values are not allowed" in reason:
        reason += "; text with a colon stands in quotes, and a list's entries are indented alike"
    elif "'%'" in reason or "'@'" in reason or "'`'" in reason:
        reason += "; text that begins so stands in quotes"
    return f"{path}{at}: not YAML: {reason}"
