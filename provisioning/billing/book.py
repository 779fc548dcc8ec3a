"""The tariffs that are in force, by day and profile; read once, at start."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Self, TypeVar

from provisioning.billing.tariff import Tariff, Tax
from provisioning.billing.tariff_file import BadTariff, read_tariff, read_taxes
from provisioning.contract import CarrierProfile, Profile

T = TypeVar("T", Tariff, Tax)

SHIPPED = Path(__file__).parent / "tariffs"
TAXES = "taxes.toml"


class TariffBook:
    """All tariffs: of each profile the one with the latest first day not after a day counts."""

    def __init__(self, tariffs: Iterable[Tariff], taxes: Iterable[Tax]) -> None:
        self._taxes = sorted(taxes, key=attrgetter("valid_from"))
        self._of: dict[Profile, list[Tariff]] = {profile: [] for profile in Profile}
        for tariff in sorted(tariffs, key=attrgetter("valid_from")):
            for profile in tariff.profiles:
                self._of[profile].append(tariff)

    @classmethod
    def load(cls, own: Path | None = None) -> Self:
        """The shipped tariffs and, later or for other days, those of the folder `own`.

        A tariff of `own` takes the place of a shipped one of the same name. A file `taxes.toml`
        there takes the place of ours.

        Raises:
            BadTariff: a file is wrong, or two tariffs of a profile begin on one day.
        """
        tariffs = {tariff.name: tariff for tariff in _all(SHIPPED)}
        taxes = SHIPPED / TAXES
        if own is not None:
            tariffs |= {tariff.name: tariff for tariff in _all(own)}
            taxes = own / TAXES if (own / TAXES).exists() else taxes
        _refuse_rivals(tariffs.values())
        return cls(tariffs.values(), read_taxes(_text(taxes), str(taxes)))

    def in_force(self, profile: CarrierProfile, day: date) -> tuple[Tariff, Tax] | None:
        """The tariff and the tax of a profile's calls that begin on `day`, in Japan."""
        tariff = _latest(self._of[profile.profile], day)
        if tariff is None:
            return None
        return tariff, _latest(self._taxes, day) or Tax(date.min, 0)

    def all(self) -> list[Tariff]:
        """Every tariff, the latest first."""
        found = {tariff.name: tariff for each in self._of.values() for tariff in each}
        return sorted(found.values(), key=attrgetter("valid_from"), reverse=True)


def check(path: Path) -> list[Tariff]:
    """The tariffs of a file, or of a folder's files.

    Raises:
        BadTariff: with every fault and its place.
    """
    if path.is_dir():
        tariffs = _all(path)
        _refuse_rivals(tariffs)
        if (path / TAXES).exists():
            read_taxes(_text(path / TAXES), str(path / TAXES))
        return tariffs
    return [read_tariff(_text(path), str(path))]


def _all(folder: Path) -> list[Tariff]:
    if not folder.is_dir():
        raise BadTariff(f"{folder}: there is no such folder")
    found: dict[str, Tariff] = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name == TAXES:
            continue
        tariff = read_tariff(_text(path), str(path))
        if tariff.name in found:
            raise BadTariff(f"{path}: another file's tariff is called {tariff.name}, too")
        found[tariff.name] = tariff
    return list(found.values())


def _refuse_rivals(tariffs: Iterable[Tariff]) -> None:
    seen: dict[tuple[Profile, date], str] = {}
    for tariff in tariffs:
        for profile in sorted(tariff.profiles):
            rival = seen.setdefault((profile, tariff.valid_from), tariff.name)
            if rival != tariff.name:
                raise BadTariff(
                    f"the tariffs {rival} and {tariff.name} both begin on {tariff.valid_from} "
                    f"for {profile}: nobody could tell which counts"
                )


def _latest(dated: Sequence[T], day: date) -> T | None:
    number = bisect_right(dated, day, key=attrgetter("valid_from"))
    return dated[number - 1] if number else None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadTariff(f"{path}: cannot be read ({error})") from None
