"""Templates to HTML: one environment, with the formats that people read."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from provisioning.contract import E164, Language
from provisioning.instants import in_japan
from provisioning.notify.letter import hyphenated
from provisioning.numbers.model import national
from provisioning.portal import texts
from provisioning.portal.assets import Assets
from provisioning.portal.texts import Texts

FOLDER = Path(__file__).parent / "templates"

WHEN = {
    Language.JA: "{0.year}年{0.month}月{0.day}日 {0:%H:%M}",
    Language.EN: "{0:%Y-%m-%d %H:%M} JST",
}
DAY = {Language.JA: "{0.year}年{0.month}月{0.day}日", Language.EN: "{0:%Y-%m-%d}"}


class Pages:
    """Renders templates; everything is escaped, and an unknown name is an error."""

    def __init__(self, assets: Assets) -> None:
        self.texts: Mapping[Language, Texts] = texts.load()
        self._asset = assets.url

    def render(self, name: str, language: Language, **values: object) -> str:
        """The template `name` in `language`."""
        return (
            _environment()
            .get_template(f"{name}.html")
            .render(
                asset=self._asset,
                t=self.texts[language],
                language=language,
                when=lambda instant: when(instant, language),
                day=lambda instant: day(instant, language),
                **values,
            )
        )


@cache
def _environment() -> Environment:
    """The templates, each compiled once in a process."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["national"] = national
    environment.filters["hyphens"] = hyphens
    environment.filters["grouped"] = grouped
    environment.filters["duration"] = duration
    environment.filters["yen"] = "{:,}".format
    return environment


def international(digits: str) -> E164 | None:
    """The E.164 number of national digits; None for what is none."""
    return E164(f"+81{digits[1:]}") if re.fullmatch(r"0[0-9]{9,10}", digits) else None


def grouped(number: str) -> str:
    """An 050 number as it is written in Japan, 050-0000-1234; other texts as they are."""
    return hyphenated(national(E164(number)))


def hyphens(number: str) -> str:
    """A freephone number as it is written in Japan, 0120-000-003; others as they are dialled."""
    digits = national(E164(number)) if number.startswith("+") else number
    if digits.startswith("0120"):
        return f"{digits[:4]}-{digits[4:7]}-{digits[7:]}"
    return f"{digits[:4]}-{digits[4:7]}-{digits[7:]}" if digits.startswith("0800") else digits


def duration(seconds: float) -> str:
    """Minutes and seconds as a player shows them: 0:07."""
    return "{}:{:02}".format(*divmod(round(seconds), 60))


def when(instant: float, language: Language) -> str:
    """Day and minute in Japan."""
    return WHEN[language].format(in_japan(instant))


def day(instant: float, language: Language) -> str:
    """The day in Japan."""
    return DAY[language].format(in_japan(instant))
