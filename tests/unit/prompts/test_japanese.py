"""Japanese readings: what the clips of a value sound like, one after the other."""

from datetime import date, time

import pytest

from prompts.catalogue import Kind
from prompts.readings.japanese import Japanese
from prompts.readings.reading import Chant, Pause, Recipe, Take

JAPANESE = Japanese()
FILLERS = JAPANESE.fillers()


def kana(recipe: Recipe) -> str:
    """What a filler sounds like, by its recipe."""
    match recipe:
        case Take():
            return recipe.kana
        case Chant():
            return recipe.phrases[recipe.phrase].parts[recipe.part]


def heard(kind: Kind, value: object) -> str:
    """What a value sounds like; `_` is a pause."""
    sounds = JAPANESE.read(kind, value).sounds
    return "".join("_" if isinstance(sound, Pause) else kana(FILLERS[sound]) for sound in sounds)


@pytest.mark.parametrize(
    ("kind", "value", "text", "sound"),
    [
        (Kind.COUNT, 0, "0件", "ゼロケン"),
        (Kind.COUNT, 1, "1件", "イッケン"),
        (Kind.COUNT, 3, "3件", "サンケン"),
        (Kind.COUNT, 6, "6件", "ロッケン"),
        (Kind.COUNT, 10, "10件", "ジュッケン"),
        (Kind.COUNT, 11, "11件", "ジューイッケン"),
        (Kind.COUNT, 20, "20件", "ニジュッケン"),
        (Kind.COUNT, 100, "100件", "ヒャッケン"),
        (Kind.COUNT, 123, "123件", "ヒャクニジューサンケン"),
        (Kind.COUNT, 600, "600件", "ロッピャッケン"),
        (Kind.ORDINAL, 1, "1件目", "イッケンメ"),
        (Kind.ORDINAL, 24, "24件目", "ニジューヨンケンメ"),
        (Kind.SECONDS, 15, "15秒", "ジューゴビョー"),
        (Kind.SECONDS, 120, "120秒", "ヒャクニジュービョー"),
        (Kind.MINUTES, 1, "1分", "イップン"),
        (Kind.MINUTES, 3, "3分", "サンプン"),
        (Kind.MINUTES, 8, "8分", "ハップン"),
        (Kind.MINUTES, 10, "10分", "ジュップン"),
        (Kind.MINUTES, 300, "300分", "サンビャップン"),
        (Kind.YEN, 0, "0円", "ゼロエン"),
        (Kind.YEN, 22, "22円", "ニジューニエン"),
        (Kind.YEN, 104, "104円", "ヒャクヨエン"),
        (Kind.YEN, 1_003, "1003円", "センサンエン"),
        (Kind.YEN, 3_000, "3000円", "サンゼンエン"),
        (Kind.YEN, 10_000, "10000円", "イチマンエン"),
        (Kind.YEN, 12_345, "12345円", "イチマンニセンサンビャクヨンジューゴエン"),
        (Kind.YEN, 99_000_000, "99000000円", "キューセンキューヒャクマンエン"),
    ],
)
def test_a_counter_changes_with_its_number(kind: Kind, value: int, text: str, sound: str) -> None:
    assert JAPANESE.read(kind, value).text == text
    assert heard(kind, value) == sound


@pytest.mark.parametrize(
    ("day", "text", "sound"),
    [
        (date(2026, 4, 1), "4月1日", "シガツツイタチ"),
        (date(2026, 7, 7), "7月7日", "シチガツナノカ"),
        (date(2026, 9, 10), "9月10日", "クガツトーカ"),
        (date(2026, 12, 14), "12月14日", "ジューニガツジューヨッカ"),
        (date(2026, 5, 20), "5月20日", "ゴガツハツカ"),
        (date(2026, 1, 24), "1月24日", "イチガツニジューヨッカ"),
        (date(2024, 2, 29), "2月29日", "ニガツニジュークニチ"),
        (date(2026, 3, 31), "3月31日", "サンガツサンジューイチニチ"),
    ],
)
def test_a_date_has_its_own_words(day: date, text: str, sound: str) -> None:
    assert JAPANESE.read(Kind.DATE, day).text == text
    assert heard(Kind.DATE, day) == sound


@pytest.mark.parametrize(
    ("at", "text", "sound"),
    [
        (time(0, 0), "午前0時", "ゴゼンレージ"),
        (time(4, 4), "午前4時4分", "ゴゼンヨジヨンプン"),
        (time(7, 30), "午前7時30分", "ゴゼンシチジサンジュップン"),
        (time(9, 59), "午前9時59分", "ゴゼンクジゴジューキューフン"),
        (time(12, 5), "午後0時5分", "ゴゴレージゴフン"),
        (time(23, 1), "午後11時1分", "ゴゴジューイチジイップン"),
    ],
)
def test_a_time_of_day_is_read_on_the_twelve_hour_clock(at: time, text: str, sound: str) -> None:
    assert JAPANESE.read(Kind.TIME, at).text == text
    assert heard(Kind.TIME, at) == sound


@pytest.mark.parametrize(
    ("number", "sound"),
    [
        ("+81312345678", "ゼロサン_イチニーサンヨン_ゴーロクナナハチ"),
        ("+819000000001", "ゼロキューゼロ_ゼロゼロゼロゼロ_ゼロゼロゼロイチ"),
        ("+81120000003", "ゼロイチニーゼロ_ゼロゼロゼロ_ゼロゼロサン"),
        ("+81499221234", "ゼロヨンキューキューニー_ニー_イチニーサンヨン"),
        ("110", "イチイチゼロ"),
        ("7", "ナナ"),
    ],
)
def test_a_number_is_read_digit_by_digit_with_pauses_between_its_groups(
    number: str, sound: str
) -> None:
    assert heard(Kind.NUMBER, number) == sound


def test_the_last_digits_of_a_number_fall_and_no_others_do() -> None:
    sounds = JAPANESE.read(Kind.NUMBER, "+81312345678").sounds
    assert [sound for sound in sounds if str(sound).endswith("-last")] == ["tail-78-last"]
    assert sounds[-1] == "tail-78-last"


def test_keys_are_read_one_by_one_with_their_names() -> None:
    assert JAPANESE.read(Kind.KEYS, "15*#").text == "1 5 * #"
    assert heard(Kind.KEYS, "15*#") == "イチ_ゴー_コメジルシ_シャープ"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.COUNT, -1),
        (Kind.COUNT, 1000),
        (Kind.COUNT, True),
        (Kind.COUNT, 1.0),
        (Kind.COUNT, "1"),
        (Kind.ORDINAL, 0),
        (Kind.SECONDS, None),
        (Kind.YEN, 100_000_000),
        (Kind.DATE, "2026-01-01"),
        (Kind.TIME, 12),
        (Kind.KEYS, ""),
        (Kind.KEYS, "12A"),
        (Kind.KEYS, "1" * 33),
        (Kind.KEYS, 12),
    ],
)
def test_an_unfitting_value_is_refused(kind: Kind, value: object) -> None:
    with pytest.raises(ValueError, match="not"):
        JAPANESE.read(kind, value)
