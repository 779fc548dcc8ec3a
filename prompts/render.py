"""Render the texts to audio; only who changes a text needs this, and the voices it calls for."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from prompts import library, script, sound
from prompts.espeak import Espeak
from prompts.openjtalk import OpenJTalk
from prompts.readings.reading import Recipe
from prompts.rendering import Engine, RenderError

Progress = Callable[[str, int, int], None]
"""Told after each clip: its name, how many are done, how many there are."""

_ENGINES: Mapping[str, Callable[[], Engine]] = {"ja": OpenJTalk, "en": Espeak}
SETTINGS: Mapping[str, str] = {
    "ja": f"{OpenJTalk.settings}; {sound.SETTINGS}",
    "en": f"{Espeak.settings}; {sound.SETTINGS}",
}
"""What shapes the sound of each language; known without its voice being installed."""


def _no_progress(name: str, done: int, total: int) -> None:
    """Tell nobody."""


def render_all(
    languages: Sequence[str] = script.LANGUAGES,
    only_changed: bool = True,
    progress: Progress = _no_progress,
    audio: Path = library.AUDIO,
) -> int:
    """Render the clips of the languages, remove what no text speaks, and answer how many.

    Raises:
        RenderError: a voice is not installed, or would misread a text.
        ScriptError: a text file is wrong.
    """
    return sum(
        _render_language(script.load(language), only_changed, progress, audio / language)
        for language in languages
    )


def changed(spoken: script.Script, folder: Path) -> list[str]:
    """List the clips that are missing, damaged, or made from something else."""
    settings = SETTINGS[spoken.language]
    recipes, sums = (library.read_sums(folder / name) for name in (library.RECIPES, library.SUMS))
    return [
        clip
        for clip, recipe in spoken.clips().items()
        if recipes.get(clip) != library.recipe_sum(recipe, settings)
        or not _intact(library.clip_path(folder, clip), sums.get(clip))
    ]


def _intact(path: Path, wanted: str | None) -> bool:
    return path.exists() and library.sum_of(path.read_bytes()) == wanted


def _render_language(
    spoken: script.Script, only_changed: bool, progress: Progress, folder: Path
) -> int:
    clips, settings = spoken.clips(), SETTINGS[spoken.language]
    wanted = changed(spoken, folder) if only_changed else list(clips)
    for clip in library.clips_on_disk(folder) - set(clips):
        library.clip_path(folder, clip).unlink()
    recipes, sums = (library.read_sums(folder / name) for name in (library.RECIPES, library.SUMS))
    try:
        engine = _ENGINES[spoken.language]() if wanted else None
        for done, clip in enumerate(wanted, start=1):
            assert engine is not None
            sums[clip] = library.write_clip(folder, clip, _render(engine, clip, clips[clip]))
            recipes[clip] = library.recipe_sum(clips[clip], settings)
            progress(f"{spoken.language}/{clip}", done, len(wanted))
    except RenderError as wrong:
        raise RenderError(f"{spoken.language}: {wrong}") from wrong
    finally:
        folder.mkdir(parents=True, exist_ok=True)
        for name, found in ((library.RECIPES, recipes), (library.SUMS, sums)):
            library.write_sums(folder / name, {c: v for c, v in found.items() if c in clips})
    return len(wanted)


def _render(engine: Engine, clip: str, recipe: Recipe) -> bytes:
    try:
        ulaw = sound.clip(engine.record(recipe))
    except RenderError as wrong:
        raise RenderError(f"{clip}: {wrong}") from wrong
    if not ulaw:
        raise RenderError(f"{clip}: the voice said nothing")
    return ulaw
