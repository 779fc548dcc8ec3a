"""The voices that speak the catalogue: every clip in memory, utterances composed once and kept."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from prompts import library, script, wave_file
from prompts.catalogue import Prompt, Speech
from prompts.readings.reading import Pause, Sound
from prompts.sound import silence

_REMEMBERED = 1024
"""How many composed utterances a voice keeps: about 50 kB each with a number in it."""


class MissingAudio(Exception):
    """The audio does not hold what the texts say; the message says how to render it."""


class ClipVoice:
    """One language, from rendered clips (`prompts.catalogue.Voice`)."""

    def __init__(self, spoken: script.Script, clips: Mapping[str, bytes]) -> None:
        self._script = spoken
        self._clips = clips
        self._compose = lru_cache(maxsize=_REMEMBERED)(self._compose_anew)

    def speech(self, prompt: Prompt, *values: object) -> Speech:
        """Speak a prompt; `ValueError` when the values do not fit its signature."""
        try:
            return self._compose(prompt, values, tuple(map(type, values)))
        except TypeError as unhashable:
            raise ValueError(f"{prompt} cannot read {values!r}") from unhashable

    def _compose_anew(
        self, prompt: Prompt, values: tuple[object, ...], types: tuple[type, ...]
    ) -> Speech:
        """Compose; `types` keeps True apart from 1 in the cache."""
        del types
        reading = self._script.compose(prompt, values)
        return Speech(reading.text, b"".join(map(self._sound, reading.sounds)))

    def _sound(self, sound: Sound) -> bytes:
        return silence(sound.ms) if isinstance(sound, Pause) else self._clips[sound]


class VoiceBank:
    """Voices by language, loaded once (`prompts.catalogue.Voices`).

    Raises:
        MissingAudio: a clip is missing or unreadable.
        ScriptError: a text file is wrong.
    """

    def __init__(
        self, languages: Sequence[str] = script.LANGUAGES, audio: Path = library.AUDIO
    ) -> None:
        self._voices = {
            name: _load(script.load(name), library.Library(audio / name)) for name in languages
        }

    def of(self, language: str) -> ClipVoice:
        """Choose a voice; `ValueError` when there is none."""
        if language not in self._voices:
            raise ValueError(f"no voice speaks {language!r}; there are {', '.join(self._voices)}")
        return self._voices[language]

    def languages(self) -> Sequence[str]:
        """List the languages."""
        return tuple(self._voices)


def _load(spoken: script.Script, shelf: library.Library) -> ClipVoice:
    clips: dict[str, bytes] = {}
    for clip in spoken.clips():
        try:
            clips[clip] = shelf.read(clip)
        except (OSError, wave_file.WaveError) as wrong:
            raise MissingAudio(
                f"{shelf.path(clip)}: {wrong}; run: tokuban prompts render"
            ) from wrong
    return ClipVoice(spoken, clips)
