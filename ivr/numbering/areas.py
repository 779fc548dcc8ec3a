"""Where a fixed number is charged from: its MA (message area) and prefecture (LINE-04).

The table is data of this package, `areas.tsv`: a number's area is that of the longest prefix it
begins with. Whoever composes the carrier reads the file; here it is text.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ivr.numbering.plan import Kind, parse
from provisioning.contract import Geography

TABLE = "areas.tsv"
"""The file of this package: prefix as dialled in Japan, MA and prefecture, a row a line."""

PREFECTURES = (
    "北海道", "青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県",
    "茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県",
    "新潟県", "富山県", "石川県", "福井県", "山梨県", "長野県", "岐阜県", "静岡県", "愛知県",
    "三重県", "滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県",
    "鳥取県", "島根県", "岡山県", "広島県", "山口県",
    "徳島県", "香川県", "愛媛県", "高知県",
    "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
)  # fmt: skip
"""The 47 prefectures in the order of their codes (JIS X 0401)."""


REGIONS = {
    "北海道": ("北海道",),
    "東北": ("青森県", "岩手県", "宮城県", "秋田県", "山形県", "福島県"),
    "関東・甲信越": (
        "茨城県", "栃木県", "群馬県", "埼玉県", "千葉県", "東京都", "神奈川県", "新潟県", "山梨県",
        "長野県",
    ),
    "北陸": ("富山県", "石川県", "福井県"),
    "東海": ("岐阜県", "静岡県", "愛知県", "三重県"),
    "関西": ("滋賀県", "京都府", "大阪府", "兵庫県", "奈良県", "和歌山県"),
    "中国": ("鳥取県", "島根県", "岡山県", "広島県", "山口県"),
    "四国": ("徳島県", "香川県", "愛媛県", "高知県"),
    "九州": (
        "福岡県", "佐賀県", "長崎県", "熊本県", "大分県", "宮崎県", "鹿児島県", "沖縄県",
    ),
}  # fmt: skip
"""The regions of the carriers' freephone areas; that 沖縄県 counts as 九州 is an assumption."""


class Area(NamedTuple):
    """A message area, as 東京, and the prefecture it counts as, as 東京都."""

    ma: str
    prefecture: str


class Areas:
    """The areas of fixed numbers, by prefix."""

    def __init__(self, by_prefix: Mapping[str, Area]) -> None:
        self._by_prefix = by_prefix
        self._lengths = sorted({len(prefix) for prefix in by_prefix}, reverse=True)

    @classmethod
    def parse(cls, text: str) -> "Areas":
        """The areas of a table's text; lines that begin with `#` tell where it comes from.

        Raises:
            ValueError: a line is no row of three columns, or names no prefecture.
        """
        rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
        areas = {prefix: Area(ma, prefecture) for prefix, ma, prefecture in rows}
        if not {area.prefecture for area in areas.values()} <= set(PREFECTURES):
            raise ValueError("an area lies in no prefecture of Japan")
        return cls(areas)

    def of(self, number: str) -> Area | None:
        """The area of a fixed number in any form; None for another number, or of no area."""
        dialled = parse(number)
        return self._longest(dialled.digits) if dialled.kind is Kind.FIXED else None

    @property
    def geography(self) -> Geography:
        """The areas that a contract may name (FREE-03)."""
        message_areas: dict[str, set[str]] = {prefecture: set() for prefecture in PREFECTURES}
        for area in self._by_prefix.values():
            message_areas[area.prefecture].add(area.ma)
        return Geography(
            {region: frozenset(prefectures) for region, prefectures in REGIONS.items()},
            {prefecture: frozenset(names) for prefecture, names in message_areas.items()},
        )

    def _longest(self, digits: str) -> Area | None:
        found = (self._by_prefix.get(digits[:length]) for length in self._lengths)
        return next((area for area in found if area is not None), None)
