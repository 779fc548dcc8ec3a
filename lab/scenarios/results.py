"""How plays came out: JUnit XML for build servers, JSON for programs."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

JUNIT_FILE, JSON_FILE = "junit.xml", "results.json"

_CONTROL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold (§2.2)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Which step did not come out, and what came instead."""

    place: str
    """File, line and column; empty when no step was played."""
    step: str
    reason: str

    def __str__(self) -> str:
        at = f"{self.place}: {self.step}" if self.place else "before the first step"
        return f"{at}\n{self.reason}"


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario on one kind of phone."""

    scenario: str
    title: str
    phone: str
    rules: tuple[str, ...]
    seconds: float
    failure: Failure | None = None
    kept: Path | None = None
    """The folder of what helps to understand a failure."""


def write(folder: Path, results: Sequence[Result]) -> None:
    """Both files; OSError when the folder takes none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JUNIT_FILE).write_text(junit(results), encoding="utf-8")
    (folder / JSON_FILE).write_text(as_json(results), encoding="utf-8")


def junit(results: Sequence[Result]) -> str:
    """JUnit XML: a suite for each kind of phone, a case for each scenario."""
    root = ElementTree.Element("testsuites", _counts(results))
    for phone in dict.fromkeys(result.phone for result in results):
        of_phone = [result for result in results if result.phone == phone]
        suite = ElementTree.SubElement(root, "testsuite", {"name": phone} | _counts(of_phone))
        for result in of_phone:
            _case(suite, result)
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=False) + "\n"


def _counts(results: Iterable[Result]) -> dict[str, str]:
    all_of_them = list(results)
    return {
        "tests": str(len(all_of_them)),
        "failures": str(sum(1 for result in all_of_them if result.failure)),
        "errors": "0",
        "time": f"{sum(result.seconds for result in all_of_them):.3f}",
    }


def _case(suite: ElementTree.Element, result: Result) -> None:
    named = {"classname": f"scenarios.{result.phone}", "name": result.scenario}
    case = ElementTree.SubElement(suite, "testcase", named | {"time": f"{result.seconds:.3f}"})
    if result.failure is not None:
        said = _CONTROL.sub("?", str(result.failure))
        first = said.splitlines()[0]
        ElementTree.SubElement(case, "failure", {"message": first, "type": "Failed"}).text = said
    if result.kept is not None:
        ElementTree.SubElement(case, "system-out").text = f"kept in {result.kept}"


def as_json(results: Sequence[Result]) -> str:
    """One document."""
    failed = sum(1 for result in results if result.failure)
    counts = {"played": len(results), "failed": failed}
    document = counts | {"results": [_object(result) for result in results]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _object(result: Result) -> dict[str, Any]:
    failure = result.failure
    return {
        "scenario": result.scenario,
        "title": result.title,
        "phone": result.phone,
        "rules": list(result.rules),
        "seconds": round(result.seconds, 3),
        "passed": failure is None,
        "failure": None
        if failure is None
        else {"place": failure.place, "step": failure.step, "reason": failure.reason},
        "kept": str(result.kept) if result.kept else None,
    }
