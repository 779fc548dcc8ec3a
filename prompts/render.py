"""Render the texts to audio; only who changes a text needs this, and the voices it calls for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from prompts import library, script, sound
from prompts.espeak import Espeak
from prompts.library import Library
from prompts.openjtalk import OpenJTalk
from prompts.readings.reading import Recipe
from prompts.rendering import Engine, RenderError

Progress = Callable[[str, int, int], None]
"""Told after each clip: its name, how many are done, how many there are."""

Start = Callable[[], Engine]
"""Starts a voice; `RenderError` when it is not installed."""

ENGINES: Mapping[str, Start] = {"ja": OpenJTalk, "en": Espeak}
"""How the voice of each language is started."""

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
    engines: Mapping[str, Start] = ENGINES,
) -> int:
    """Render the clips of the languages, remove what no text speaks, and answer how many.

    Raises:
        RenderError: a voice is not installed, or would misread a text.
        ScriptError: a text file is wrong.
    """
    return sum(
        _render_language(
            script.load(language),
            only_changed,
            progress,
            Library(audio / language),
            engines[language],
        )
        for language in languages
    )


def recipe_sums(spoken: script.Script) -> dict[str, str]:
    """Sum what each clip of a language is rendered from."""
    settings = SETTINGS[spoken.language]
    return {c: library.recipe_sum(recipe, settings) for c, recipe in spoken.clips().items()}


def _render_language(
    spoken: script.Script, only_changed: bool, progress: Progress, shelf: Library, start: Start
) -> int:
    """Render one language; what was rendered before an error stays rendered."""
    clips, sums = spoken.clips(), recipe_sums(spoken)
    wanted = [c for c in clips if not only_changed or shelf.fault(c, sums[c])]
    try:
        for done, (clip, ulaw) in enumerate(_rendered(start, wanted, clips), start=1):
            shelf.keep(clip, sums[clip], ulaw)
            progress(f"{spoken.language}/{clip}", done, len(wanted))
    except RenderError as wrong:
        raise RenderError(f"{spoken.language}: {wrong}") from wrong
    finally:
        shelf.save(clips)
    return len(wanted)


def _rendered(
    start: Start, wanted: Sequence[str], clips: Mapping[str, Recipe]
) -> Iterator[tuple[str, bytes]]:
    """Render clips one by one; without any, the voice need not be installed."""
    if wanted:
        engine = start()
        for clip in wanted:
            yield clip, _render(engine, clip, clips[clip])


def _render(engine: Engine, clip: str, recipe: Recipe) -> bytes:
    try:
        ulaw = sound.clip(engine.record(recipe))
    except RenderError as wrong:
        raise RenderError(f"{clip}: {wrong}") from wrong
    if not ulaw:
        raise RenderError(f"{clip}: the voice said nothing")
    return ulaw
