"""The wheel: who is due when, without drift, and what happens after a stall."""

from ivr.media.pacer import CATCH_UP_TICKS, PHASES, TICK_S, Wheel


def run(wheel: Wheel[set[str]], instants: list[float]) -> list[str]:
    return [s for now in instants for turn in wheel.turns(now) for s in turn.phase]


def test_each_stream_is_due_once_a_round() -> None:
    wheel = Wheel(set[str])
    wheel.start(10.0)
    for name in "abcdef":
        wheel.emptiest().add(name)
    sent = run(wheel, [10.0 + TICK_S * tick for tick in range(PHASES * 50)])
    assert {name: sent.count(name) for name in "abcdef"} == dict.fromkeys("abcdef", 50)


def test_streams_spread_over_the_phases() -> None:
    wheel = Wheel(set[int])
    wheel.start(0.0)
    for stream in range(42):
        wheel.emptiest().add(stream)
    sizes = [len(turn.phase) for turn in wheel.turns(TICK_S * (PHASES - 1))]
    assert sorted(sizes) == [10, 10, 11, 11]


def test_a_late_tick_moves_no_later_one() -> None:
    wheel = Wheel(set[str])
    wheel.start(0.0)
    assert [turn.due_at for turn in wheel.turns(0.0079)] == [0.0, TICK_S]
    assert wheel.next_deadline() == 2 * TICK_S
    assert wheel.turns(0.0099) == []
    assert [turn.due_at for turn in wheel.turns(0.0101)] == [2 * TICK_S]


def test_a_hundred_thousand_ticks_do_not_drift() -> None:
    wheel = Wheel(set[str])
    wheel.start(123.456)
    ticks = sum(len(wheel.turns(wheel.next_deadline())) for _ in range(100_000))
    assert ticks == 100_000
    assert abs(wheel.next_deadline() - (123.456 + 500.0)) < 1e-6


def test_a_short_stall_is_made_up_for() -> None:
    wheel = Wheel(set[str])
    wheel.start(0.0)
    wheel.emptiest().add("a")
    wheel.turns(0.0)
    assert run(wheel, [0.0401]) == ["a", "a"]


def test_a_long_stall_is_skipped_and_said() -> None:
    wheel = Wheel(set[str])
    wheel.start(0.0)
    wheel.emptiest().add("a")
    wheel.turns(0.0)
    turns = wheel.turns(9.0001)
    mine = [turn for turn in turns if turn.phase]
    assert len(turns) <= CATCH_UP_TICKS
    assert sum(turn.skipped for turn in mine) + len(mine) == 450
    assert wheel.next_deadline() > 9.0001


def test_every_phase_hears_of_a_skip_once() -> None:
    wheel = Wheel(set[int])
    wheel.start(0.0)
    for stream in range(PHASES):
        wheel.emptiest().add(stream)
    told = {s: turn.skipped for turn in wheel.turns(1.0001) for s in turn.phase if turn.skipped}
    assert len(told) == PHASES
    assert len(set(told.values())) == 1


def test_a_new_stream_is_due_within_a_round() -> None:
    wheel = Wheel(set[str])
    wheel.start(0.0)
    wheel.turns(0.003)
    wheel.emptiest().add("a")
    assert wheel.next_deadline() == TICK_S
    assert run(wheel, [0.0051]) == ["a"]
