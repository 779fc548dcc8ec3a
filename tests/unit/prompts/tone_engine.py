"""A voice that needs nothing installed: every recipe is a tone of its own."""

import numpy as np

from prompts.readings.reading import Recipe
from prompts.rendering import Recording, RenderError

_RATE = 16000


class ToneEngine:
    """Hums half a second before, half a second of clip and half a second after."""

    def __init__(self, refuse: str = "") -> None:
        self.recorded: list[Recipe] = []
        self._refuse = refuse

    def record(self, recipe: Recipe) -> Recording:
        if self._refuse and self._refuse in repr(recipe):
            raise RenderError(f"cannot say {self._refuse}")
        self.recorded.append(recipe)
        hertz = 300 + sum(repr(recipe).encode()) % 2000
        at = np.arange(_RATE * 3 // 2) / _RATE
        return Recording(np.sin(2 * np.pi * hertz * at), _RATE, _RATE // 2, _RATE)
