"""The rendered clips on disk, and the sums that bind each to its recipe.

A language's folder holds the clips as WAVE files and two lists in `sha256sum`'s format:
`SHA256SUMS` of the files, so that `sha256sum -c` checks them, and `RECIPES` of what each was
rendered from: its words, the voice's settings and the sound settings.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from prompts import wave_file
from prompts.readings.reading import Recipe

AUDIO = Path(__file__).parent / "audio"
SUMS = "SHA256SUMS"
RECIPES = "RECIPES"


def clip_path(folder: Path, clip: str) -> Path:
    """Say where a clip lies; its id may name a folder below the language's."""
    return folder / f"{clip}.wav"


def read_clip(folder: Path, clip: str) -> bytes:
    """Read a clip's µ-law samples."""
    return wave_file.unpack(clip_path(folder, clip).read_bytes())


def write_clip(folder: Path, clip: str, ulaw: bytes) -> str:
    """Write a clip and answer the sum of its file."""
    path = clip_path(folder, clip)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = wave_file.pack(ulaw)
    path.write_bytes(file)
    return sum_of(file)


def sum_of(data: bytes) -> str:
    """Sum bytes with SHA-256, as hex."""
    return hashlib.sha256(data).hexdigest()


def recipe_sum(recipe: Recipe, settings: str) -> str:
    """Sum everything that decides how a clip sounds."""
    return sum_of(f"{recipe!r}\n{settings}".encode())


def read_sums(path: Path) -> dict[str, str]:
    """Read a list of sums by clip id; a missing list is empty."""
    if not path.exists():
        return {}
    pairs = (line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines())
    return {pair[1].removesuffix(".wav"): pair[0] for pair in pairs if len(pair) == 2}


def write_sums(path: Path, sums: Mapping[str, str]) -> None:
    """Write a list of sums, sorted by clip."""
    lines = [f"{value}  {clip}.wav\n" for clip, value in sorted(sums.items())]
    path.write_text("".join(lines), encoding="utf-8")


def clips_on_disk(folder: Path) -> set[str]:
    """List the clips that a folder holds."""
    return {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.wav")}
