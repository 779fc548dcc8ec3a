"""The table of areas: read for the carrier, and written anew from the data of `phonenumbers`.

`python -m lab.areas` writes it; with `--check` it only tells whether it differs.
"""

import importlib.metadata
import importlib.resources
import sys
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from ivr.numbering.areas import PREFECTURES, TABLE, Area, Areas
from provisioning.contract import Geography

COUNTRY_CODE = "81"
OWN_TABLE = Path(__file__).with_name("areas.toml")

_ENGLISH = """
Hokkaido Aomori Iwate Miyagi Akita Yamagata Fukushima
Ibaraki Tochigi Gunma Saitama Chiba Tokyo Kanagawa
Niigata Toyama Ishikawa Fukui Yamanashi Nagano Gifu Shizuoka Aichi
Mie Shiga Kyoto Osaka Hyogo Nara Wakayama
Tottori Shimane Okayama Hiroshima Yamaguchi
Tokushima Kagawa Ehime Kochi
Fukuoka Saga Nagasaki Kumamoto Oita Miyazaki Kagoshima Okinawa
"""
ENGLISH = _ENGLISH.split()
"""The prefectures as `phonenumbers` writes them, in the order of `PREFECTURES`."""

JAPANESE = dict(zip(ENGLISH, PREFECTURES, strict=True))

Labels = Mapping[str, str]
"""What `phonenumbers` says of a prefix: `en` as "Omachi, Nagano", `ja` as "大町", or one."""


@lru_cache(1)
def packaged() -> Areas:
    """The areas as they come with the carrier."""
    return Areas.parse(packaged_text())


@lru_cache(1)
def geography() -> Geography:
    """The places where a line can be."""
    return packaged().geography


def packaged_text() -> str:
    """The table as it comes with the carrier."""
    return importlib.resources.files("ivr.numbering").joinpath(TABLE).read_text(encoding="utf-8")


def text() -> str:
    """The table as the installed `phonenumbers` and our own table say it."""
    version = importlib.metadata.version("phonenumbers")
    head = (
        f"# Japanese geocoding data of phonenumbers {version} (libphonenumber, Apache-2.0);\n"
        "# prefectures that it lacks: lab/areas.toml. Written by `python -m lab.areas`.\n"
    )
    return head + "".join(
        f"{prefix}\t{area.ma}\t{area.prefecture}\n" for prefix, area in sorted(merged().items())
    )


def merged() -> dict[str, Area]:
    """The area of every prefix, as it is dialled in Japan.

    A prefix without a Japanese name is part of the area of the longest shorter one that has one.
    """
    own = own_prefectures()
    japan = japanese_data()
    areas: dict[str, Area] = {}
    for prefix, labels in sorted(japan.items()):
        ma = labels.get("ja") or _name_above(prefix, japan)
        english = labels.get("en")
        prefecture = JAPANESE[english.rpartition(", ")[2]] if english else own[ma]
        areas[prefix] = Area(ma, prefecture)
    return areas


def own_prefectures() -> dict[str, str]:
    """Prefectures of areas that `phonenumbers` names in Japanese alone."""
    table: dict[str, str] = tomllib.loads(OWN_TABLE.read_text(encoding="utf-8"))["areas"]
    return table


def japanese_data() -> dict[str, Labels]:
    """The labels of `phonenumbers` by prefix as it is dialled in Japan."""
    from phonenumbers.geodata import GEOCODE_DATA

    return {
        "0" + prefix.removeprefix(COUNTRY_CODE): labels
        for prefix, labels in GEOCODE_DATA.items()
        if prefix.startswith(COUNTRY_CODE)
    }


def _name_above(prefix: str, japan: Mapping[str, Labels]) -> str:
    shorter = (prefix[:length] for length in range(len(prefix) - 1, 1, -1))
    return next(japan[each]["ja"] for each in shorter if "ja" in japan.get(each, {}))


def main() -> int:
    """Write the table where it differs; with `--check` only tell."""
    wanted = text()
    if wanted == packaged_text():
        return 0
    path = Path(__file__).parents[1] / "ivr" / "numbering" / TABLE
    if "--check" in sys.argv[1:]:
        print(f"stale: {path}", file=sys.stderr)
        return 1
    path.write_text(wanted, encoding="utf-8")
    print(f"written: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
