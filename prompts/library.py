"""The rendered clips on disk, and the sums that bind each to its recipe.

A language's folder holds the clips as WAVE files and two lists in `sha256sum`'s format:
`SHA256SUMS` of the files, so that `sha256sum -c` checks them, and `RECIPES` of what each was
rendered from: its words, the voice's settings and the sound settings.
"""

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from prompts import wave_file
from prompts.readings.reading import Recipe

AUDIO = Path(__file__).parent / "audio"
SUMS = "SHA256SUMS"
RECIPES = "RECIPES"


class Library:
    """One language's clips; a clip's id may name a folder below the language's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sums = _read_sums(folder / SUMS)
        self._recipes = _read_sums(folder / RECIPES)

    def path(self, clip: str) -> Path:
        """Say where a clip lies."""
        return self.folder / f"{clip}.wav"

    def read(self, clip: str) -> bytes:
        """Read a clip's µ-law samples; `OSError` or `WaveError` when it cannot be."""
        return wave_file.unpack(self.path(clip).read_bytes())

    def fault(self, clip: str, recipe: str) -> str | None:
        """Say what is wrong with a clip that should be rendered from `recipe` (its sum)."""
        if not self.path(clip).exists():
            return "missing"
        file = self.path(clip).read_bytes()
        if _sum_of(file) != self._sums.get(clip):
            return f"the file is not the one in {SUMS}"
        if recipe != self._recipes.get(clip):
            return "its text, voice or sound settings changed since it was rendered"
        try:
            return None if wave_file.unpack(file) else "empty"
        except wave_file.WaveError as wrong:
            return str(wrong)

    def keep(self, clip: str, recipe: str, ulaw: bytes) -> None:
        """Write a clip; `save` makes the lists know it."""
        file = wave_file.pack(ulaw)
        self.path(clip).parent.mkdir(parents=True, exist_ok=True)
        self.path(clip).write_bytes(file)
        self._sums[clip] = _sum_of(file)
        self._recipes[clip] = recipe

    def strays(self, clips: Collection[str]) -> list[str]:
        """List the clips on disk that are none of `clips`."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*.wav"))
        return sorted({path.with_suffix("").as_posix() for path in found} - set(clips))

    def save(self, clips: Collection[str]) -> None:
        """Remove what is none of `clips`, and write the lists."""
        for clip in self.strays(clips):
            self.path(clip).unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_sums(self.folder / SUMS, self._sums, clips)
        _write_sums(self.folder / RECIPES, self._recipes, clips)


def recipe_sum(recipe: Recipe, settings: str) -> str:
    """Sum everything that decides how a clip sounds."""
    return _sum_of(f"{recipe!r}\n{settings}".encode())


def _sum_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _read_sums(path: Path) -> dict[str, str]:
    """Read a list of sums by clip id; a missing list is empty, a broken line counts as missing."""
    if not path.exists():
        return {}
    pairs = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    return {pair[1].removesuffix(".wav"): pair[0] for pair in pairs if len(pair) == 2}


def _write_sums(path: Path, sums: Mapping[str, str], clips: Collection[str]) -> None:
    lines = [f"{sums[clip]}  {clip}.wav\n" for clip in sorted(set(clips) & set(sums))]
    path.write_text("".join(lines), encoding="utf-8")
