"""What rendering a clip needs from a voice, and what can go wrong."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from prompts.readings.reading import Recipe

Samples = npt.NDArray[np.float64]
"""Linear sound; full scale is ±1."""


class RenderError(Exception):
    """A clip cannot be rendered; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole utterance, of which the samples from `start` to `end` are the clip."""

    samples: Samples
    rate: int
    start: int
    end: int


class Engine(Protocol):
    """A speech synthesiser with one voice."""

    def record(self, recipe: Recipe) -> Recording:
        """Speak one recipe; `RenderError` when the voice cannot."""
        ...
