"""A function fits one breath, a file one subject."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import modules, name, tree

LONGEST_FUNCTION = 40
LONGEST_FILE = 400


def test_files_have_one_subject() -> None:
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    long = {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE}
    assert not long, "what is the second subject?"


def test_functions_fit_one_breath() -> None:
    assert not [found for path in modules() for found in _long_functions(path)]


def _long_functions(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{name(path)}:{node.lineno} {node.name}: {length} lines"
