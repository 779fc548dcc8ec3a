"""A caller who listens to the file that a phone writes while the call goes on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lab.scenarios import ear
from lab.scenarios.ear import Unheard as Unheard
from lab.scenarios.ear import neighbours as neighbours
from lab.scenarios.hearing import Samples, load
from prompts.catalogue import Voice


class Ear(ear.Ear):
    """Follows the recording of one call, a 16-bit WAV file."""

    def __init__(self, recording: Callable[[], Path | None], voice: Voice) -> None:
        def sound() -> Samples:
            path = recording()
            if path is None or not path.exists():
                return np.zeros(0, dtype=np.float32)
            return load(path)

        super().__init__(sound, voice)
