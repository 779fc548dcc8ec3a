"""Prove that texts and audio belong together, and say which clip to render again."""

from collections.abc import Sequence
from pathlib import Path

from prompts import library, render, script, wave_file

_AGAIN = "run: tokuban prompts render"


def problems(languages: Sequence[str] = script.LANGUAGES, audio: Path = library.AUDIO) -> list[str]:
    """List what is wrong with texts and audio, a line each; nothing when all is well."""
    found: list[str] = []
    for language in languages:
        try:
            spoken = script.load(language)
        except script.ScriptError as wrong:
            found.append(str(wrong))
        else:
            found.extend(_of_language(spoken, audio / language))
    return found


def _of_language(spoken: script.Script, folder: Path) -> list[str]:
    clips = spoken.clips()
    found = [
        f"{spoken.language}/{clip}.wav: no text speaks it; {_AGAIN}"
        for clip in sorted(library.clips_on_disk(folder) - set(clips))
    ]
    recipes, sums = (library.read_sums(folder / name) for name in (library.RECIPES, library.SUMS))
    for clip, recipe in clips.items():
        wanted = library.recipe_sum(recipe, render.SETTINGS[spoken.language])
        reason = _wrong(library.clip_path(folder, clip), sums.get(clip), recipes.get(clip), wanted)
        if reason:
            found.append(f"{spoken.language}/{clip}.wav: {reason}; {_AGAIN}")
    return found


def _wrong(path: Path, sum_: str | None, recipe: str | None, wanted: str) -> str | None:
    """Say what is wrong with one clip."""
    if not path.exists():
        return "missing"
    file = path.read_bytes()
    if library.sum_of(file) != sum_:
        return f"the file is not the one in {library.SUMS}"
    if recipe != wanted:
        return "its text, voice or sound settings changed since it was rendered"
    try:
        ulaw = wave_file.unpack(file)
    except wave_file.WaveError as wrong:
        return str(wrong)
    return None if ulaw else "empty"
