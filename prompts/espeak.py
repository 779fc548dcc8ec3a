"""The English voice: eSpeak NG, called as a library so that clips can be cut at word marks."""

import ctypes
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from prompts.readings.reading import Chant, Recipe, Take
from prompts.rendering import Recording, RenderError, Samples

_LIBRARY = "libespeak-ng.so.1"
_INSTALL = "install the English voice: apt-get install espeak-ng"
_VOICE = "en-us"
_WORDS_A_MINUTE = 150

# Constants of speak_lib.h.
_OUTPUT_SYNCHRONOUS = 2
_RATE = 1
_EVENT_END = 0
_EVENT_MARK = 3
_UTF8_SSML = 1 | 0x10
_POSITION_CHARACTER = 1


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """Speaks English at 22.05 kHz; raises `RenderError` when the program is not installed."""

    settings = f"espeak-ng {_VOICE} {_WORDS_A_MINUTE} wpm cut=word mark"
    """What shapes the sound; a change here renders every clip again."""

    def __init__(self) -> None:
        try:
            self._library: Any = ctypes.CDLL(_LIBRARY)
        except OSError as missing:
            raise RenderError(_INSTALL) from missing
        self._rate = self._library.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, None, 0)
        if self._rate <= 0 or self._library.espeak_SetVoiceByName(_VOICE.encode()):
            raise RenderError(f"espeak-ng has no voice {_VOICE}; {_INSTALL} espeak-ng-data")
        self._library.espeak_SetParameter(_RATE, _WORDS_A_MINUTE, 0)
        self._callback = _Callback(self._heard)
        self._library.espeak_SetSynthCallback(self._callback)
        self._chunks: list[Samples] = []
        self._marks: dict[bytes, int] = {}

    def record(self, recipe: Recipe) -> Recording:
        """Speak one recipe; `RenderError` when the words cannot be found in the sound."""
        match recipe:
            case Chant():
                raise RenderError("the English voice has no katakana; use Take")
            case Take(words=words, before=before, after=after):
                # A mark at the head of a clause is heard at the end of the one before; the
                # clause alone sounds the same.
                led = "" if before.rstrip().endswith((",", ".")) else before
                marked = f'{escape(led)} <mark name="from"/>{escape(words)}<mark name="to"/>'
        samples = self._speak(f"<speak>{marked} {escape(after)}</speak>")
        start = self._marks.get(b"from", len(samples)) if led else 0
        end = self._marks.get(b"to", 0) if after.strip(" .") else len(samples)
        if not start < end:
            raise RenderError(f"espeak-ng did not say where {words!r} is")
        return Recording(samples, self._rate, start, end)

    def _speak(self, ssml: str) -> Samples:
        self._chunks, self._marks = [], {}
        text = ssml.encode()
        failed = self._library.espeak_Synth(
            text, len(text) + 1, 0, _POSITION_CHARACTER, 0, _UTF8_SSML, None, None
        )
        if failed or not self._chunks:
            raise RenderError(f"espeak-ng cannot say {ssml!r}")
        return np.concatenate(self._chunks)

    def _heard(self, sound: Any, count: int, events: Any) -> int:
        """Keep the sound and the marks that espeak-ng hands over, in order."""
        if sound and count:
            self._chunks.append(np.array(sound[:count], dtype=np.float64) / 32768)
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_MARK:
                self._marks[events[index].name] = events[index].sample
            index += 1
        return 0
