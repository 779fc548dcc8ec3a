"""What many calls play is kept once; what one call plays passes through its area."""

import numpy as np
import pytest

from ivr.media import songbook
from ivr.media.g711 import FRAME_SAMPLES, to_wire
from ivr.media.songbook import AHEAD, Songbook


def sound(number: int, frames: int) -> bytes:
    return bytes([number]) * (FRAME_SAMPLES * frames)


def frames(book: Songbook, at: int, count: int) -> bytes:
    return book.frames(np.arange(at, at + count)).tobytes()


def test_a_sound_is_shared_from_its_second_beginning_on() -> None:
    book, prompt = Songbook(), sound(1, 3)
    assert book.place(prompt, "PCMU", begins=True) is None
    assert book.place(prompt, "PCMU", begins=False) is None
    at = book.place(prompt, "PCMU", begins=True)
    assert at is not None
    assert book.place(prompt, "PCMU", begins=False) == at
    assert frames(book, at, 3) == prompt


def test_each_law_has_its_own() -> None:
    book, prompt = Songbook(), sound(1, 2)
    for _ in range(2):
        ulaw, alaw = (book.place(prompt, law, begins=True) for law in ("PCMU", "PCMA"))
    assert ulaw is not None
    assert alaw is not None
    assert (frames(book, ulaw, 2), frames(book, alaw, 2)) == (prompt, to_wire(prompt, "PCMA"))


def test_what_was_composed_for_one_call_is_not_kept() -> None:
    book = Songbook()
    for number in range(500):
        for _ in range(1 + number // 400):
            assert book.place(sound(number % 200, 5), "PCMU", begins=True) is None


def test_a_message_is_too_long_to_share() -> None:
    book, message = Songbook(), sound(1, songbook.LONGEST_SHARED + 1)
    assert [book.place(message, "PCMU", begins=True) for _ in range(3)] == [None] * 3


def test_what_is_kept_for_good_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(songbook, "MOST_SHARED", 12)
    book, first, second = Songbook(), sound(1, 9), sound(2, 2)
    for prompt in (first, first, second, second):
        book.place(prompt, "PCMU", begins=True)
    assert book.place(first, "PCMU", begins=True) is not None
    assert book.place(second, "PCMU", begins=True) is None


def test_areas_are_lent_again_and_touch_nothing_else() -> None:
    book, prompt = Songbook(), sound(7, 40)
    at = [book.place(prompt, "PCMU", begins=True) for _ in range(2)][1]
    assert at is not None
    areas = [book.area() for _ in range(100)]
    for number, area in enumerate(areas):
        book.write(area, sound(number, AHEAD), "PCMU")
    assert all(frames(book, area, AHEAD) == sound(n, AHEAD) for n, area in enumerate(areas))
    assert frames(book, at, 40) == prompt
    for area in areas:
        book.give_back(area)
    assert {book.area() for _ in range(100)} == set(areas)
