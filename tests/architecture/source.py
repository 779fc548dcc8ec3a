"""The repository as the architecture tests read it."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("ivr", "provisioning", "prompts", "lab", "tests")
TEXT_SUFFIXES = frozenset({".md", ".py", ".toml", ".yaml", ".yml", ".sh", ".cfg", ".txt", ""})
FOREIGN = ("tests/conformance/corpus", "LICENSE", "prompts/audio")
"""What others wrote: their words are theirs."""


@cache
def modules() -> tuple[Path, ...]:
    """Every Python file of ours."""
    return tuple(sorted(path for each in PACKAGES for path in (ROOT / each).rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """The path as a person names it."""
    return path.relative_to(ROOT).as_posix()


def texts() -> Iterator[Path]:
    """Every text of ours that a person may read: code, docs, scripts, settings."""
    folders = (*PACKAGES, "docs", "docker", "tools", ".ci")
    for path in (*ROOT.iterdir(), *(p for each in folders for p in (ROOT / each).rglob("*"))):
        if path.is_file() and path.suffix in TEXT_SUFFIXES and not _is_foreign(path):
            yield path


def _is_foreign(path: Path) -> bool:
    hidden = path.parent == ROOT and path.name.startswith(".")
    return hidden or "__pycache__" in path.parts or name(path).startswith(FOREIGN)
