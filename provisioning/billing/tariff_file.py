"""Tariff files: TOML that a person writes, checked as a whole; a mistake is told with its line."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from provisioning.billing import money
from provisioning.billing.money import Rounding
from provisioning.billing.tariff import OTHER, Cause, Cost, Day, Price, Tariff, Tax, Terms
from provisioning.billing.tariff_lines import where
from provisioning.contract import Access, Profile

NAME = r"^[a-z0-9][a-z0-9-]{0,39}$"
RULE = r"^[A-Z0-9]{2,6}-[0-9]{2}$"
HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"

Name = Annotated[str, Field(pattern=NAME)]
Prefix = Annotated[str, Field(pattern=r"^\+?[0-9*#]{0,8}$", min_length=1)]


class BadTariff(ValueError):
    """A tariff file is wrong; the message names every fault, one a line, with its place."""


def _amount(yen: str) -> str:
    money.sen_of(yen)
    return yen


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServiceTerms(_Part):
    """How legs of one service are charged."""

    charged_as: Name | None = Field(
        default=None, description="The class it is charged as; absent: that of the called number."
    )
    cause: Cause | None = Field(
        default=None, description="Why it is charged; absent: as an ordinary call."
    )
    free: str | None = Field(
        default=None, pattern=RULE, description="The rule by which it costs nothing."
    )

    @model_validator(mode="after")
    def _free_or_charged(self) -> Self:
        if self.free and (self.charged_as or self.cause):
            raise ValueError("a free service is charged as nothing: leave charged_as and cause out")
        return self


class PriceRow(_Part):
    """A row; the first one that fits a call prices it."""

    name: Name = Field(description="What the charge calls it.")
    classes: list[Name] = Field(min_length=1, description="Classes of the called number.")
    yen: Annotated[str, AfterValidator(_amount)] | None = Field(
        default=None,
        description='What a started unit costs before tax, in quotes: "20" or "8.5".',
        examples=["20"],
    )
    unit_s: int | None = Field(default=None, ge=1, le=3600, description="Seconds of a unit.")
    free: str | None = Field(
        default=None, pattern=RULE, description="Instead of yen: the rule that makes it free."
    )
    rounding: Rounding = Field(
        default=Rounding.EXACT, description="What is done to the price of one call."
    )
    taxed: bool = Field(default=True, description="Whether consumption tax comes on top.")
    access: Access | None = Field(default=None, description="Only calls of this access.")
    services: list[Name] = Field(default=[], description="Only legs of these services.")
    days: list[Day] = Field(default=[], description="Only on these days of the week, in Japan.")
    hours: str | None = Field(
        default=None,
        pattern=HOURS,
        description="Only calls that begin within these hours in Japan, as 23:00-08:00.",
    )
    source: str = Field(min_length=1, description="Where the price comes from; assumptions say so.")

    @model_validator(mode="after")
    def _priced_or_free(self) -> Self:
        if (self.yen is None) is not (self.unit_s is None):
            raise ValueError("yen and unit_s stand together")
        if (self.yen is None) is (self.free is None):
            raise ValueError("name either yen and unit_s, or free")
        if self.hours and self.hours.partition("-")[0] == self.hours.partition("-")[2]:
            raise ValueError("hours end when they begin: leave them out for the whole day")
        return self

    def price(self) -> Price:
        """As a value."""
        cost = None
        if self.yen is not None and self.unit_s is not None:
            cost = Cost(money.sen_of(self.yen), self.unit_s, self.rounding, self.taxed)
        return Price(
            name=self.name,
            classes=frozenset(self.classes),
            source=self.source,
            cost=cost,
            free=self.free or "",
            access=self.access,
            services=frozenset(self.services),
            days=frozenset(self.days),
            hours=_minutes(self.hours) if self.hours else None,
        )


class TariffFile(_Part):
    """What lines of some carriers pay for calls from a day on, until a later tariff's day."""

    name: Name = Field(description="What charges call it.")
    valid_from: date = Field(description="Its first day, in Japan.")
    profiles: list[Profile] = Field(min_length=1, description="The carriers whose lines pay so.")
    classes: dict[Name, list[Prefix]] = Field(
        description="Classes of numbers by how they begin, as dialled in Japan, or + and a country "
        "code; the longest beginning wins. `other` is what begins with none."
    )
    services: dict[Name, ServiceTerms] = Field(
        description="Services of call records that are charged, or free by a rule; those that are "
        "not named are free."
    )
    price: list[PriceRow] = Field(min_length=1, description="The prices, in order.")

    def tariff(self) -> Tariff:
        """As a value."""
        return Tariff(
            name=self.name,
            valid_from=self.valid_from,
            profiles=frozenset(self.profiles),
            prefixes={each: name for name, begun in self.classes.items() for each in begun},
            services={
                name: Terms(terms.charged_as, terms.cause, terms.free or "")
                for name, terms in self.services.items()
            },
            prices=tuple(row.price() for row in self.price),
        )


class TaxRow(_Part):
    """A rate of the consumption tax."""

    valid_from: date
    percent: int = Field(ge=0, le=100)
    source: str = Field(min_length=1)


class TaxFile(_Part):
    """The consumption tax by date."""

    tax: list[TaxRow] = Field(min_length=1)


def read_tariff(text: str, source: str) -> Tariff:
    """The tariff of a file's text; `source` is the file as messages name it.

    Raises:
        BadTariff: it is no TOML, a field does not fit, or a call would have no price.
    """
    table = _table(text, source)
    try:
        file = TariffFile.model_validate(table)
    except ValidationError as error:
        raise BadTariff(_told(error, text, source)) from None
    faults = [f"{source}:{where(text, place)}: {fault}" for place, fault in _faults(file)]
    if faults:
        raise BadTariff("\n".join(faults))
    return file.tariff()


def read_taxes(text: str, source: str) -> list[Tax]:
    """The tax rates of a file's text, the latest first; raises `BadTariff`."""
    try:
        file = TaxFile.model_validate(_table(text, source))
    except ValidationError as error:
        raise BadTariff(_told(error, text, source)) from None
    rates = [Tax(row.valid_from, row.percent) for row in file.tax]
    return sorted(rates, key=lambda rate: rate.valid_from, reverse=True)


def schema_text() -> str:
    """The JSON Schema of a tariff file."""
    return json.dumps(TariffFile.model_json_schema(), ensure_ascii=False, indent=2) + "\n"


Place = tuple[str | int, ...]


def _faults(file: TariffFile) -> Iterator[tuple[Place, str]]:
    """What no single field shows: classes that nothing names or prices, rows that never count."""
    known = {*file.classes, OTHER}
    known |= {terms.charged_as for terms in file.services.values() if terms.charged_as}
    yield from _twice(file)
    for number, row in enumerate(file.price):
        for name in sorted(set(row.classes) - known):
            yield ("price", number, "classes"), f"no class is called {name}"
        for name in sorted(set(row.services) - file.services.keys()):
            yield ("price", number, "services"), f"no service is called {name} under [services]"
        if hidden := _hidden(row, file.price[:number]):
            yield ("price", number), f"{row.name} never counts: {hidden} comes before it"
    for name in sorted(known - _priced(file.price)):
        place: Place = ("classes", name) if name in file.classes else ("price",)
        yield place, f"a call to {name} may find no price: end with a row that names classes alone"


def _twice(file: TariffFile) -> Iterator[tuple[Place, str]]:
    seen: dict[str, str] = {}
    for name, prefixes in file.classes.items():
        for prefix in prefixes:
            if prefix in seen:
                yield ("classes", name), f"{prefix} stands under {seen[prefix]} already"
            seen[prefix] = name
    names: set[str] = set()
    for number, row in enumerate(file.price):
        if row.name in names:
            yield ("price", number, "name"), f"two rows are called {row.name}"
        names.add(row.name)


def _hidden(row: PriceRow, before: Iterable[PriceRow]) -> str | None:
    """A row before this one that prices all it could."""
    whole = [each for each in before if each.price().always]
    if set(row.classes) <= _priced(whole):
        return next(each.name for each in whole if set(each.classes) & set(row.classes))
    return None


def _priced(rows: Iterable[PriceRow]) -> set[str]:
    """Classes that have a price whatever the call is like."""
    return {name for row in rows if row.price().always for name in row.classes}


def _minutes(hours: str) -> tuple[int, int]:
    first, _, end = hours.partition("-")
    return _minute(first), _minute(end)


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _table(text: str, source: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadTariff(f"{source}: {error}") from None


def _told(error: ValidationError, text: str, source: str) -> str:
    """Every fault that pydantic found, a line each."""
    return "\n".join(
        f"{source}:{where(text, detail['loc'])}: {_named(detail['loc'])}: {_reason(detail)}"
        for detail in error.errors(include_url=False)
    )


def _named(place: Sequence[str | int]) -> str:
    """`price 2, unit_s` for a person who counts from one."""
    words: list[str] = []
    for part in place:
        if isinstance(part, int) and words:
            words[-1] = f"{words[-1]} {part + 1}"
        else:
            words.append(str(part))
    return ", ".join(words) or "file"


def _reason(detail: Any) -> str:
    match detail["type"]:
        case "missing":
            return "missing"
        case "extra_forbidden":
            return "there is no such field"
        case "string_type":
            return f"must be text in quotes (it is {detail['input']!r})"
    reason = str(detail["msg"]).removeprefix("Value error, ")
    return reason if isinstance(detail["input"], dict) else f"{reason} (it is {detail['input']!r})"
