"""Rendering and the check: what is made anew, what is removed, and what the check says."""

import hashlib
import sys
from pathlib import Path

import pytest

from prompts import check, espeak, render, script
from prompts.espeak import Espeak
from prompts.openjtalk import OpenJTalk
from prompts.readings.reading import Chant, Phrase
from prompts.rendering import RenderError
from tests.unit.prompts.tone_engine import ToneEngine

CLIPS = script.load("en").clips()


def render_english(audio: Path, engine: ToneEngine, only_changed: bool = True) -> int:
    return render.render_all(
        ["en"], only_changed=only_changed, audio=audio, engines={"en": lambda: engine}
    )


@pytest.fixture(scope="module")
def rendered_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every file that rendering English writes."""
    audio = tmp_path_factory.mktemp("audio")
    render_english(audio, ToneEngine())
    return {
        p.relative_to(audio).as_posix(): p.read_bytes() for p in audio.rglob("*") if p.is_file()
    }


@pytest.fixture
def audio(tmp_path: Path, rendered_once: dict[str, bytes]) -> Path:
    """A fresh copy of rendered English."""
    for name, content in rendered_once.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def test_the_committed_audio_belongs_to_the_texts() -> None:
    assert check.problems() == []


def test_what_was_rendered_passes_the_check_and_is_not_rendered_again(audio: Path) -> None:
    engine = ToneEngine()
    assert check.problems(["en"], audio) == []
    assert render_english(audio, engine) == 0
    assert engine.recorded == []


def test_everything_is_rendered_on_request(audio: Path) -> None:
    assert render_english(audio, ToneEngine(), only_changed=False) == len(CLIPS)


def test_the_list_of_sums_is_what_sha256sum_reads(audio: Path) -> None:
    lines = (audio / "en/SHA256SUMS").read_text().splitlines()
    assert len(lines) == len(CLIPS)
    for line in lines:
        wanted, name = line.split("  ")
        assert hashlib.sha256((audio / "en" / name).read_bytes()).hexdigest() == wanted


def test_a_missing_clip_is_named_and_rendered_again(audio: Path) -> None:
    (audio / "en/goodbye.1.wav").unlink()
    assert check.problems(["en"], audio) == [
        "en/goodbye.1.wav: missing; run: tokuban prompts render"
    ]
    assert render_english(audio, ToneEngine()) == 1
    assert check.problems(["en"], audio) == []


def test_a_damaged_clip_is_named_and_rendered_again(audio: Path) -> None:
    path = audio / "en/goodbye.1.wav"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    (problem,) = check.problems(["en"], audio)
    assert "goodbye.1.wav: the file is not the one in SHA256SUMS" in problem
    assert render_english(audio, ToneEngine()) == 1


def test_a_changed_recipe_names_its_clip(audio: Path) -> None:
    recipes = audio / "en/RECIPES"
    old = next(line for line in recipes.read_text().splitlines() if "goodbye.1" in line)
    recipes.write_text(recipes.read_text().replace(old, f"{'0' * 64}  goodbye.1.wav"))
    (problem,) = check.problems(["en"], audio)
    assert problem.startswith("en/goodbye.1.wav: its text, voice or sound settings changed")


def test_a_changed_sound_setting_asks_for_every_clip(
    audio: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "SETTINGS", {"en": "another voice"})
    assert len(check.problems(["en"], audio)) == len(CLIPS)


def test_a_clip_that_no_text_speaks_is_named_and_removed(audio: Path) -> None:
    stray = audio / "en/stray.1.wav"
    stray.write_bytes(b"")
    assert check.problems(["en"], audio) == [
        "en/stray.1.wav: no text speaks it; run: tokuban prompts render"
    ]
    render_english(audio, ToneEngine())
    assert not stray.exists()


def test_a_file_of_another_format_is_named(audio: Path) -> None:
    path = audio / "en/goodbye.1.wav"
    sums = audio / "en/SHA256SUMS"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(b"RIFF\4\0\0\0WAVE")
    sums.write_text(sums.read_text().replace(old, hashlib.sha256(path.read_bytes()).hexdigest()))
    assert "goodbye.1.wav: not µ-law, 8 kHz, mono" in check.problems(["en"], audio)[0]


def test_what_was_rendered_before_an_error_stays(tmp_path: Path) -> None:
    last = list(CLIPS)[-1]
    with pytest.raises(RenderError, match=rf"en: {last}: cannot say"):
        render_english(tmp_path, ToneEngine(refuse=repr(CLIPS[last])))
    assert check.problems(["en"], tmp_path) == [
        f"en/{last}.wav: missing; run: tokuban prompts render"
    ]


def test_progress_is_told_clip_by_clip(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    render.render_all(
        ["en"],
        progress=lambda name, done, total: told.append((name, done, total)),
        audio=tmp_path,
        engines={"en": ToneEngine},
    )
    assert [done for _, done, _ in told] == list(range(1, len(CLIPS) + 1))
    assert {total for _, _, total in told} == {len(CLIPS)}


def test_a_japanese_voice_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyopenjtalk", None)
    with pytest.raises(RenderError, match=r"tokuban\[speech\]"):
        OpenJTalk()


def test_an_english_voice_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(espeak, "_LIBRARY", "libnobody-speaks.so.1")
    with pytest.raises(RenderError, match="apt-get install espeak-ng"):
        Espeak()


def test_every_chant_keeps_a_part_that_it_has() -> None:
    chants = [r for r in script.load("ja").clips().values() if isinstance(r, Chant)]
    assert len(chants) > 300
    for chant in chants:
        phrase: Phrase = chant.phrases[chant.phrase]
        assert 0 <= chant.part < len(phrase.parts)
