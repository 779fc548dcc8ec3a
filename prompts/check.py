"""Prove that texts and audio belong together, and say which clip to render again."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from prompts import library, render, script

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
            found.extend(_of_language(spoken, library.Library(audio / language)))
    return found


def _of_language(spoken: script.Script, shelf: library.Library) -> Iterator[str]:
    sums = render.recipe_sums(spoken)
    faults = [(clip, shelf.fault(clip, wanted)) for clip, wanted in sums.items()]
    faults += [(clip, "no text speaks it") for clip in shelf.strays(sums)]
    for clip, fault in faults:
        if fault:
            yield f"{spoken.language}/{clip}.wav: {fault}; {_AGAIN}"
