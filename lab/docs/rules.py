"""The rules' page: each rule in our words, and the tests that prove it."""

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEAD = """\
# Rules and their proof · 規則と検証

Written by `make docs` from `rules.toml` and the tests that carry a rule's id.
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """A test that carries a rule's id."""

    rule: str
    file: str
    test: str


def page(root: Path) -> str:
    """The whole page."""
    known, by_rule = listed(root), defaultdict[str, list[Proof]](list)
    for proof in proofs(root):
        by_rule[proof.rule].append(proof)
    parts = [_part(rule, text, by_rule[rule]) for rule, text in known.items()]
    return "\n".join([HEAD, *parts])


def listed(root: Path) -> dict[str, dict[str, str]]:
    """The rules of `rules.toml` by id."""
    file = root / "docs" / "reference" / "rules.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def proofs(root: Path) -> list[Proof]:
    """Every test with a rule marker, in the order of files."""
    found = (proof for file in sorted((root / "tests").rglob("*.py")) for proof in _in(file, root))
    return sorted(set(found), key=lambda proof: (proof.rule, proof.file, proof.test))


def _in(file: Path, root: Path) -> Iterator[Proof]:
    source = file.read_text(encoding="utf-8")
    if "mark.rule(" not in source:
        return
    path = file.relative_to(root).as_posix()
    tree = ast.parse(source)
    whole_file = [rule for node in tree.body for rule in _assigned(node)]
    for name, node, inherited in _tests(tree.body, "", whole_file):
        for rule in {*inherited, *_markers(node)}:
            yield Proof(rule, path, name)


def _assigned(node: ast.stmt) -> Iterator[str]:
    """The rules of `pytestmark = ...`."""
    if isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    ):
        yield from _calls(node.value)


Test = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _tests(
    body: list[ast.stmt], prefix: str, inherited: list[str]
) -> Iterator[tuple[str, Test, list[str]]]:
    for node in body:
        match node:
            case ast.ClassDef(name=name):
                deeper = [*inherited, *_markers(node)]
                yield from _tests(node.body, f"{prefix}{name}::", deeper)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if name.startswith("test_"):
                    yield prefix + name, node, inherited


def _markers(node: Test) -> Iterator[str]:
    for decorator in node.decorator_list:
        yield from _calls(decorator)


def _calls(expression: ast.expr) -> Iterator[str]:
    for node in ast.walk(expression):
        match node:
            case ast.Call(func=ast.Attribute(attr="rule"), args=[ast.Constant(value=str(rule))]):
                yield rule


def _part(rule: str, text: dict[str, str], by: list[Proof]) -> str:
    files = defaultdict[str, list[str]](list)
    for proof in by:
        files[proof.file].append(proof.test)
    lines = [f"## {rule}", "", text["en"], "", text["ja"], ""]
    for file, tests in files.items():
        lines.append(f"- [`{file}`](../../{file}): " + ", ".join(f"`{test}`" for test in tests))
    return "\n".join(lines) + "\n"
