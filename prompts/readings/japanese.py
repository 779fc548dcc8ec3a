"""Japanese readings: digits in groups, counters with their euphonic changes, dates and times.

A number with a counter is read place by place, and its last word carries the counter: 二十三件
is にじゅう and さんけん. Sound changes happen inside that last word alone (一件 いっけん,
十件 じゅっけん, 百分 ひゃっぷん), so that a few hundred clips read every value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from prompts.catalogue import Kind
from prompts.readings import telephone, values
from prompts.readings.reading import (
    BETWEEN_GROUPS,
    BETWEEN_KEYS,
    Chant,
    Phrase,
    Reading,
    Recipe,
    Sound,
    Take,
    words,
)

DIGITS = ("ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュー")
"""Two morae each: 二 and 五 are lengthened where digits are read one by one."""
_KEY_IDS = {"*": "star", "#": "pound"}
_KEYS = {
    **{
        str(digit): (name, accent)
        for digit, (name, accent) in enumerate(
            zip(DIGITS, (1, 2, 1, 0, 1, 1, 2, 1, 2, 1), strict=True)
        )
    },
    "star": ("コメジルシ", 3),
    "pound": ("シャープ", 1),
}
"""A key's name and the mora after which its pitch falls."""

_NUMERALS = "〇一二三四五六七八九"
_PLACE_MARKS = {1: "", 10: "十", 100: "百", 1000: "千"}
_PLACE_KANA = {
    1: "イチ ニ サン ヨン ゴ ロク ナナ ハチ キュー",
    10: "ジュー ニジュー サンジュー ヨンジュー ゴジュー "
    "ロクジュー ナナジュー ハチジュー キュージュー",
    100: "ヒャク ニヒャク サンビャク ヨンヒャク ゴヒャク "
    "ロッピャク ナナヒャク ハッピャク キューヒャク",
    1000: "セン ニセン サンゼン ヨンセン ゴセン ロクセン ナナセン ハッセン キューセン",
}
PLACES: dict[int, str] = {
    (digit + 1) * place: kana
    for place, names in _PLACE_KANA.items()
    for digit, kana in enumerate(names.split())
}
"""How 1–9, 10–90, 100–900 and 1000–9000 are read before another numeral."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter word: how it sounds with 0–9, with 十 and with 百."""

    mark: str
    small: str
    ten: str
    hundred: str

    def readings(self) -> Iterator[tuple[int, str]]:
        """Read 0–9, 10–90 and 100–900 with the counter."""
        yield from enumerate(self.small.split())
        for digit in range(1, 10):
            yield digit * 10, PLACES[digit * 10].removesuffix("ジュー") + self.ten
            yield digit * 100, PLACES[digit * 100][:-1] + self.hundred.removeprefix("ヒャ")


COUNTERS: dict[Kind, Counter] = {
    Kind.COUNT: Counter(
        "件",
        "ゼロケン イッケン ニケン サンケン ヨンケン ゴケン ロッケン ナナケン ハチケン キューケン",
        "ジュッケン",
        "ヒャッケン",
    ),
    Kind.ORDINAL: Counter(
        "件目",
        "ゼロケンメ イッケンメ ニケンメ サンケンメ ヨンケンメ "
        "ゴケンメ ロッケンメ ナナケンメ ハチケンメ キューケンメ",
        "ジュッケンメ",
        "ヒャッケンメ",
    ),
    Kind.SECONDS: Counter(
        "秒",
        "ゼロビョー イチビョー ニビョー サンビョー ヨンビョー "
        "ゴビョー ロクビョー ナナビョー ハチビョー キュービョー",
        "ジュービョー",
        "ヒャクビョー",
    ),
    Kind.MINUTES: Counter(
        "分",
        "ゼロフン イップン ニフン サンプン ヨンプン ゴフン ロップン ナナフン ハップン キューフン",
        "ジュップン",
        "ヒャップン",
    ),
    Kind.YEN: Counter(
        "円",
        "ゼロエン イチエン ニエン サンエン ヨエン ゴエン ロクエン ナナエン ハチエン キューエン",
        "ジューエン",
        "ヒャクエン",
    ),
}
"""Readings as announcers say them (NHK: 十分 じゅっぷん, 四円 よえん, 八件 はちけん)."""

_MISREAD = {"ハップン": "はっぷん"}
"""Readings that the voice takes from kana alone."""

HOURS = words("レージ イチジ ニジ サンジ ヨジ ゴジ ロクジ シチジ ハチジ クジ ジュージ ジューイチジ")
MONTHS = words(
    "イチガツ ニガツ サンガツ シガツ ゴガツ ロクガツ シチガツ ハチガツ クガツ ジューガツ "
    "ジューイチガツ ジューニガツ"
)
DAYS = words(
    "ツイタチ フツカ ミッカ ヨッカ イツカ ムイカ ナノカ ヨーカ ココノカ トーカ "
    "ジューイチニチ ジューニニチ ジューサンニチ ジューヨッカ ジューゴニチ ジューロクニチ "
    "ジューシチニチ ジューハチニチ ジュークニチ ハツカ ニジューイチニチ ニジューニニチ "
    "ニジューサンニチ ニジューヨッカ ニジューゴニチ ニジューロクニチ ニジューシチニチ "
    "ニジューハチニチ ニジュークニチ サンジューニチ サンジューイチニチ"
)


class Japanese:
    """Reads values in Japanese."""

    def read(self, kind: Kind, value: object) -> Reading:
        """Read a value; `ValueError` when it is not what the kind asks for."""
        match kind:
            case Kind.NUMBER:
                return Reading(telephone.written(value), tuple(_number(telephone.groups(value))))
            case Kind.KEYS:
                return _keys(values.keys(value))
            case Kind.DATE:
                day = values.day(value)
                sounds = (f"month-{day.month}", f"day-{day.day}")
                return Reading(f"{day.month}月{day.day}日", sounds)
            case Kind.TIME:
                return _time(value)
            case _:
                number = values.whole(kind, value)
                return Reading(f"{number}{COUNTERS[kind].mark}", tuple(_counted(kind, number)))

    def fillers(self) -> Mapping[str, Recipe]:
        """Every clip that `read` can name, and how it is recorded."""
        return dict(
            [*_digit_clips(), *_key_clips(), *_place_clips(), *_counter_clips(), *_calendar_clips()]
        )


def _counted(kind: Kind, number: int) -> Iterator[str]:
    """Name the clips of a number: its places, the last one with the counter."""
    high, low = divmod(number, 10_000)
    for part in _parts(high):
        yield f"place-{part}"
    if high:
        yield "man" if low else f"{kind}-man"
    *places, last = _parts(low) or [0]
    for part in places:
        yield f"place-{part}"
    if low or not high:
        yield f"{kind}-{last}"


def _parts(number: int) -> list[int]:
    """Split a number below 10,000 into its places that are not zero: 1203 is 1000, 200, 3."""
    return [part for place in (1000, 100, 10, 1) if (part := number // place % 10 * place)]


def _number(groups: tuple[str, ...]) -> Iterator[Sound]:
    for index, group in enumerate(groups):
        if index:
            yield BETWEEN_GROUPS
        yield from _group(group, "last" if index == len(groups) - 1 else "more")


def _group(group: str, end: str) -> Iterator[str]:
    """Digits go in pairs, as they are spoken: 090 is 09 and 0, 1234 is 12 and 34."""
    tail = 2 - len(group) % 2
    for index in range(0, len(group) - tail, 2):
        yield f"head-{group[index : index + 2]}"
    yield f"tail-{group[-tail:]}-{end}"


def _keys(keys: str) -> Reading:
    sounds: list[Sound] = []
    for key in keys:
        sounds += [f"key-{_KEY_IDS.get(key, key)}-more", BETWEEN_KEYS]
    sounds[-2:] = [f"key-{_KEY_IDS.get(keys[-1], keys[-1])}-last"]
    return Reading(" ".join(keys), tuple(sounds))


def _time(value: object) -> Reading:
    time = values.time_of_day(value)
    half, hour = divmod(time.hour, 12)
    sounds = [f"half-{half}", f"hour-{hour}"]
    if not time.minute:
        return Reading(f"{'午前午後'[half * 2 : half * 2 + 2]}{hour}時", tuple(sounds))
    sounds += _counted(Kind.MINUTES, time.minute)
    return Reading(f"{'午前午後'[half * 2 : half * 2 + 2]}{hour}時{time.minute}分", tuple(sounds))


_AREA = Phrase(("ゼロサン",), 3)
_EXCHANGE = Phrase(("ゴーロクサンヨン",), 5)
_SUBSCRIBER = Phrase(("ニーニーヨンナナ", "デス"), 5)
"""The number that the digits under recording are part of: its melody is what they keep."""


def _digit_clips() -> Iterator[tuple[str, Recipe]]:
    for first, second in product(range(10), repeat=2):
        pair, kana = f"{first}{second}", DIGITS[first] + DIGITS[second]
        head = Phrase((kana, "ロクハチ"), 5)
        yield f"head-{pair}", Chant((_AREA, head, _SUBSCRIBER), phrase=1, part=0)
        more = Phrase(("ゴーロク", kana), 5)
        yield f"tail-{pair}-more", Chant((_AREA, more, _SUBSCRIBER), phrase=1, part=1)
        last = Phrase(("ニーニー", kana, "デス"), 5)
        yield f"tail-{pair}-last", Chant((_AREA, _EXCHANGE, last), phrase=2, part=1)
    for digit, kana in enumerate(DIGITS):
        more = Phrase(("ゼロハチ", kana), 0)
        yield f"tail-{digit}-more", Chant((more, _EXCHANGE, _SUBSCRIBER), phrase=0, part=1)
        last = Phrase(("ニーニー", kana, "デス"), 5)
        yield f"tail-{digit}-last", Chant((_AREA, _EXCHANGE, last), phrase=2, part=1)


def _key_clips() -> Iterator[tuple[str, Recipe]]:
    before, after = Phrase(("ゼロ",), 1), Phrase(("ロク", "デス"), 2)
    for key, (kana, accent) in _KEYS.items():
        yield f"key-{key}-more", Chant((before, Phrase((kana,), accent), after), 1, 0)
        yield (
            f"key-{key}-last",
            Chant(
                (
                    before,
                    Phrase((kana, "デス"), accent),
                ),
                1,
                0,
            ),
        )


def _place_clips() -> Iterator[tuple[str, Recipe]]:
    for number, kana in PLACES.items():
        after = "万円です" if number < 10 else "三件です"
        yield f"place-{number}", Take(_numeral(number), after=after, kana=kana)
    yield "man", Take("万", before="三", after="三円です", kana="マン")
    yield f"{Kind.YEN}-man", Take("万円", before="三", after="です", kana="マンエン")
    for digit in range(1, 10):
        kana = PLACES[digit * 1000] + "エン"
        yield f"{Kind.YEN}-{digit}000", Take(_numeral(digit * 1000) + "円", after="です", kana=kana)


def _counter_clips() -> Iterator[tuple[str, Recipe]]:
    for kind, counter in COUNTERS.items():
        for number, kana in counter.readings():
            spoken = _MISREAD.get(kana) or (_numeral(number) or "ゼロ") + counter.mark
            before = "三時" if kind is Kind.MINUTES else ""
            yield f"{kind}-{number}", Take(spoken, before=before, after="です", kana=kana)


def _calendar_clips() -> Iterator[tuple[str, Recipe]]:
    for month, kana in enumerate(MONTHS, start=1):
        yield f"month-{month}", Take(_numeral(month) + "月", after="三日です", kana=kana)
    for day, kana in enumerate(DAYS, start=1):
        yield f"day-{day}", Take(_numeral(day) + "日", before="三月", after="です", kana=kana)
    yield "half-0", Take("午前", after="三時です", kana="ゴゼン")
    yield "half-1", Take("午後", after="三時です", kana="ゴゴ")
    for hour, kana in enumerate(HOURS):
        spoken = _numeral(hour) + "時" if hour else "れーじ"
        yield f"hour-{hour}", Take(spoken, before="午前", after="です", kana=kana)


def _numeral(number: int) -> str:
    """Write 1–9999 in kanji, as the voice reads it best: 31 is 三十一."""
    written = ""
    for part in _parts(number):
        digit, place = int(str(part)[0]), 10 ** (len(str(part)) - 1)
        written += ("" if digit == 1 and place > 1 else _NUMERALS[digit]) + _PLACE_MARKS[place]
    return written
