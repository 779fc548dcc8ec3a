"""Read a seed file: the lines that exist from the start, and the demo lines."""

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from lab import toml_file
from lab.errors import Refused, suggestion
from lab.settings import SeedSettings
from lab.toml_file import Place, TomlFile
from provisioning.contract import (
    E164,
    Access,
    ContractKind,
    Language,
    Line,
    LineStatus,
    Location,
    Profile,
)
from provisioning.forwarding.model import ABROAD
from provisioning.presentation.model import OPTION
from provisioning.seeds import SeedAccount, SeedLine

DEMO_FILE = Path(__file__).with_name("demo.toml")

NATIONAL = re.compile(r"0\d{8,10}")
USER = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/-]+")


def e164(national: str) -> E164:
    """A Japanese number in national form as E.164: `0312345678` → `+81312345678`."""
    return E164("+81" + national.removeprefix("0"))


def national(number: E164) -> str:
    """The way back: `+81312345678` → `0312345678`."""
    return "0" + number.removeprefix("+81")


def _japanese(text: str) -> str:
    digits = text.replace("-", "")
    if digits.startswith("+81"):
        digits = "0" + digits.removeprefix("+81")
    if not NATIONAL.fullmatch(digits):
        raise ValueError("must be a Japanese number of 9 to 11 digits such as 0312345678")
    return digits


def _free(text: str) -> str:
    digits = _japanese(text)
    if not re.fullmatch(r"0120\d{6}|0800\d{7}", digits):
        raise ValueError("must be a freephone number: 0120 and 6 digits or 0800 and 7 digits")
    return digits


def _user(text: str) -> str:
    if not USER.fullmatch(text):
        raise ValueError("must be a SIP user part without escapes (RFC 3261 §25.1)")
    return text


National = Annotated[str, AfterValidator(_japanese)]
Freephone = Annotated[str, AfterValidator(_free)]


class Option(StrEnum):
    """The options a line may contract; a misspelt one would be no option at all."""

    TOKUTEI_NOTIFY = OPTION
    INTERNATIONAL_FORWARDING = ABROAD


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Account(_Table):
    user: Annotated[str, AfterValidator(_user)]
    password: str = Field(min_length=4, max_length=128, repr=False)
    access: Access = Access.OS


class _Line(_Table):
    number: National
    profile: Profile
    ma: str = Field(min_length=1)
    prefecture: str = Field(min_length=1)
    kind: ContractKind = ContractKind.CONSUMER
    status: LineStatus = LineStatus.ACTIVE
    options: frozenset[Option] = frozenset()
    freephone: Freephone | None = None
    language: Language = Language.JA
    account: list[_Account] = Field(min_length=1)


class _Seed(_Table):
    line: list[_Line] = Field(min_length=1)


def load(path: Path) -> tuple[SeedLine, ...]:
    """The lines of a seed file.

    Raises:
        Refused: with file, line, field, the reason and what to write.
    """
    return _lines(toml_file.read(path))


def chosen(settings: SeedSettings) -> tuple[SeedLine, ...]:
    """The lines of the seed file that is set, or else the demo lines."""
    return load(settings.file) if settings.file else demo()


def demo() -> tuple[SeedLine, ...]:
    """The demo lines, as packaged."""
    return load(DEMO_FILE)


def _lines(file: TomlFile) -> tuple[SeedLine, ...]:
    try:
        seed = _Seed.model_validate(file.values)
    except ValidationError as error:
        raise Refused("\n".join(_said(detail, file) for detail in error.errors())) from None
    _refuse_doubles(seed, file)
    _refuse_half_contracts(seed, file)
    return tuple(_seed_line(line) for line in seed.line)


def _seed_line(table: _Line) -> SeedLine:
    line = Line(
        number=e164(table.number),
        profile=table.profile,
        location=Location(ma=table.ma, prefecture=table.prefecture),
        kind=table.kind,
        status=table.status,
        options=frozenset(option.value for option in table.options),
        freephone=e164(table.freephone) if table.freephone else None,
        language=table.language,
    )
    accounts = tuple(SeedAccount(each.user, each.access, each.password) for each in table.account)
    return SeedLine(line, accounts)


def _refuse_doubles(seed: _Seed, file: TomlFile) -> None:
    """A number, a freephone number and a SIP user each stand once in a file."""
    named = list(_names(seed))
    counts = Counter((kind, name) for kind, name, _ in named)
    seen: set[tuple[str, str]] = set()
    for kind, name, place in named:
        if counts[kind, name] > 1 and (kind, name) in seen:
            raise Refused(f"{file.where(place)}: {_name(place)}: {kind} {name} stands twice")
        seen.add((kind, name))


def _refuse_half_contracts(seed: _Seed, file: TomlFile) -> None:
    """特定番号通知 needs the number to show, and the number its contract (SHOW-01)."""
    for index, line in enumerate(seed.line):
        contracted = Option.TOKUTEI_NOTIFY in line.options
        if line.freephone and not contracted:
            place: Place = ("line", index, "freephone")
            need = f'add options = ["{OPTION}"], which contracts showing it'
        elif contracted and not line.freephone:
            place = ("line", index, "options")
            need = f'{OPTION} needs the number to show; add freephone = "0120…"'
        else:
            continue
        raise Refused(f"{file.where(place)}: {_name(place)}: {need}")


def _names(seed: _Seed) -> Iterator[tuple[str, str, Place]]:
    for index, line in enumerate(seed.line):
        yield "number", line.number, ("line", index, "number")
        if line.freephone:
            yield "number", line.freephone, ("line", index, "freephone")
        for position, account in enumerate(line.account):
            yield "user", account.user, ("line", index, "account", position, "user")


def _said(detail: ErrorDetails, file: TomlFile) -> str:
    place: Place = detail["loc"]
    where, name = file.where(place), _name(place)
    if detail["type"] == "extra_forbidden":
        return f"{where}: {name}: no such field{suggestion(str(place[-1]), _fields(place))}"
    if detail["type"] == "missing":
        return f"{where}: {name}: missing; every {_owner(place)} has one"
    if detail["type"] == "enum":
        known = str(detail["ctx"]["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        word = str(detail["input"])
        return f"{where}: {name}: {word!r} is unknown{suggestion(word, known)}"
    reason = detail["msg"].removeprefix("Value error, ")
    secret = "password" in place or isinstance(detail["input"], dict | list)
    return f"{where}: {name}: {reason}" + ("" if secret else f" (it is {detail['input']!r})")


def _name(place: Place) -> str:
    """`line 2, account 1, password` for a person who counts from one."""
    words: list[str] = []
    for part in place:
        if isinstance(part, int) and words:
            words[-1] = f"{words[-1]} {part + 1}"
        else:
            words.append(str(part))
    return ", ".join(words) or "file"


def _fields(place: Place) -> list[str]:
    tables: dict[int, type[BaseModel]] = {1: _Seed, 3: _Line, 5: _Account}
    return list(tables.get(len(place), _Seed).model_fields)


def _owner(place: Place) -> str:
    return {1: "file", 3: "line", 5: "account"}.get(len(place), "table")
