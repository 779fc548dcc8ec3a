"""The Japanese voice: Open JTalk with the HTS voice "Mei", by pyopenjtalk-plus.

A clip is cut out of a whole sentence at phoneme boundaries, so that it keeps the sentence's
melody. At speed 1.0 HTS gives every phoneme a duration of its own, whatever follows it; the
sound of the first n labels is thus exactly as long as those n phonemes are in the sentence.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from prompts.readings.reading import Chant, Recipe, Take
from prompts.rendering import Recording, RenderError, Samples

_FULL_SCALE = 32768.0
_INSTALL = "install the Japanese voice: pip install 'tokuban[speech]' (333 MB)"
_WORD: dict[str, object] = {
    "pos": "名詞",
    "pos_group1": "一般",
    "pos_group2": "*",
    "pos_group3": "*",
    "ctype": "*",
    "cform": "*",
    "chain_rule": "*",
}
_COMMA = {**_WORD, "pos": "記号", "pos_group1": "読点"} | {
    "string": "、",
    "orig": "、",
    "read": "、",
    "pron": "、",
    "acc": 0,
    "mora_size": 0,
    "chain_flag": 0,
}
_SMALL_KANA = "ァィゥェォャュョヮ"

_Feature = dict[str, Any]


class OpenJTalk:
    """Speaks Japanese at 48 kHz; raises `RenderError` when the package is not installed."""

    settings = "pyopenjtalk-plus mei_normal speed=1.0 cut=phoneme"
    """What shapes the sound; a change here renders every clip again."""

    def __init__(self) -> None:
        try:
            import pyopenjtalk
        except ImportError as missing:
            raise RenderError(_INSTALL) from missing
        self._jtalk = pyopenjtalk
        self._length = lru_cache(maxsize=None)(self._length_of)

    def record(self, recipe: Recipe) -> Recording:
        """Speak one recipe; `RenderError` when the words would be misread."""
        match recipe:
            case Take():
                before, words, after = self._take(recipe)
            case Chant():
                before, words, after = self._chant(recipe)
        labels: list[str] = self._jtalk.make_label(before + words + after)
        first = len(self._phonemes(before))
        last = first + len(self._phonemes(words))
        spoken = [index for index, label in enumerate(labels) if _phoneme(label) not in _SILENT]
        samples, rate = self._synthesize(labels)
        return Recording(
            samples,
            rate,
            sum(map(self._length, labels[: spoken[first]])),
            sum(map(self._length, labels[: spoken[last - 1] + 1])),
        )

    def _take(self, take: Take) -> tuple[list[_Feature], list[_Feature], list[_Feature]]:
        """Read the sentence and find the take's words in it."""
        features: list[_Feature] = self._jtalk.run_frontend(take.before + take.words + take.after)
        first = _boundary(features, take.before, take)
        last = _boundary(features, take.before + take.words, take) if take.after else len(features)
        words = features[first:last]
        if take.kana:
            heard, wanted = self._phonemes(words), self._phonemes(_phrase((take.kana,), 0))
            if [p.lower() for p in heard] != [p.lower() for p in wanted]:
                raise RenderError(f"{take.words} sounds {' '.join(heard)}, not {take.kana}")
        return features[:first], words, features[last:]

    def _chant(self, chant: Chant) -> tuple[list[_Feature], list[_Feature], list[_Feature]]:
        features: list[_Feature] = []
        kept = 0
        for index, phrase in enumerate(chant.phrases):
            if index:
                features.append(dict(_COMMA))
            if index == chant.phrase:
                kept = len(features) + chant.part
            features.extend(_phrase(phrase.parts, phrase.accent))
        return features[:kept], features[kept : kept + 1], features[kept + 1 :]

    def _phonemes(self, features: Sequence[_Feature]) -> list[str]:
        labels = self._jtalk.make_label(list(features)) if features else []
        return [name for label in labels if (name := _phoneme(label)) not in _SILENT]

    def _length_of(self, label: str) -> int:
        return len(self._synthesize([label])[0])

    def _synthesize(self, labels: list[str]) -> tuple[Samples, int]:
        samples, rate = self._jtalk.synthesize(labels, speed=1.0)
        return np.asarray(samples, dtype=np.float64) / _FULL_SCALE, int(rate)


_SILENT = frozenset({"sil", "pau"})


def _phoneme(label: str) -> str:
    """Take the phoneme out of a full-context label `xx^xx-sil+t=e/A:…`."""
    return label[label.index("-") + 1 : label.index("+")]


def _boundary(features: Sequence[_Feature], text: str, take: Take) -> int:
    """Find how many words `text` covers; it must not end within one."""
    ends = list(accumulate((len(feature["string"]) for feature in features), initial=0))
    if len(text) not in ends:
        raise RenderError(f"the voice takes the words of {take} together; write them apart")
    return ends.index(len(text))


def _phrase(parts: tuple[str, ...], accent: int) -> list[_Feature]:
    """Make the words of one accent phrase."""
    return [
        {
            **_WORD,
            "string": part,
            "orig": part,
            "read": part,
            "pron": part,
            "acc": accent if not index else 0,
            "mora_size": sum(kana not in _SMALL_KANA for kana in part),
            "chain_flag": 1 if index else 0,
        }
        for index, part in enumerate(parts)
    ]
