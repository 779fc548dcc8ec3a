"""The words of the pages, by language: `texts/*.toml`, flattened to dotted keys."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from provisioning.contract import Language

FOLDER = Path(__file__).parent / "texts"


class Texts:
    """The texts of one language; a key that does not exist is a defect and raises KeyError."""

    def __init__(self, language: Language, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    @classmethod
    def load(cls, language: Language) -> "Texts":
        """Read the file of `language`."""
        document = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
        return cls(language, dict(_flat(document)))

    def __call__(self, key: str, **values: object) -> str:
        """The text of `key`, with `values` in its braces."""
        return self._texts[key].format(**values)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)


def load() -> Mapping[Language, Texts]:
    """The texts of every language."""
    return {language: Texts.load(language) for language in Language}


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)
