"""The repository speaks of the product alone, and keeps no promises for later."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.source import modules, name, texts, tree

UNFINISHED = re.compile(
    r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b"
)
SILENCED = re.compile(r"pytest\.(mark\.)?(skip|xfail|skipif|importorskip)\b|time\.sleep\(")
PLACES = re.compile("/work" + "/|/tmp" + "/plan|farm" + "-")


WAITING = "tests/support/waiting.py"
"""The one place where a test waits for the real world: it polls a condition to a deadline."""


def lines_with(pattern: re.Pattern[str], paths: Iterable[Path]) -> list[str]:
    """Every line that matches, with its place."""
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_is_left_for_later() -> None:
    assert not lines_with(UNFINISHED, texts())


def test_the_repository_speaks_of_the_product_alone() -> None:
    assert not lines_with(PLACES, texts())


def test_no_test_is_silenced_and_none_sleeps() -> None:
    here = name(Path(__file__))
    tests = [p for p in modules() if "tests" in p.parts and name(p) not in (WAITING, here)]
    assert not lines_with(SILENCED, tests)


def test_every_module_says_what_it_is() -> None:
    bodies = {name(path): tree(path) for path in modules() if "tests" not in path.parts}
    assert not [path for path, body in bodies.items() if body.body and not ast.get_docstring(body)]
