import pytest

from ivr.sip.timers import Timers, Timing


def test_deadlines_fire_in_order_and_once() -> None:
    timers, fired = Timers(), list[str]()
    timers.set(2.0, lambda now: fired.append("late"))
    timers.set(1.0, lambda now: fired.append("soon"))
    timers.set(1.0, lambda now: fired.append("soon too"))
    assert timers.next_deadline() == 1.0
    timers.fire_due(1.5)
    assert fired == ["soon", "soon too"]
    timers.fire_due(9.0)
    timers.fire_due(9.0)
    assert fired == ["soon", "soon too", "late"]
    assert timers.next_deadline() is None


def test_what_a_timer_sets_for_now_fires_in_the_same_pass() -> None:
    timers, fired = Timers(), list[float]()
    timers.set(1.0, lambda now: void(timers.set(now, fired.append)))
    timers.fire_due(1.0)
    assert fired == [1.0]


def void(_: object) -> None:
    """A timer's callback returns nothing."""


def test_a_cancelled_timer_never_fires_and_is_no_deadline() -> None:
    timers, fired = Timers(), list[float]()
    timer = timers.set(1.0, fired.append)
    timers.set(2.0, fired.append)
    timer.cancel()
    timer.cancel()
    assert timers.next_deadline() == 2.0
    assert len(timers) == 1
    timers.fire_due(3.0)
    assert fired == [3.0]
    assert len(timers) == 0


def test_a_heap_of_cancelled_timers_is_given_back() -> None:
    timers = Timers()
    kept = timers.set(5.0, lambda now: None)
    for number in range(20_000):
        timers.set(100.0 + number, lambda now: None).cancel()
    assert len(timers) == 1
    assert len(timers._heap) < 10_000
    assert timers.next_deadline() == kept.at


@pytest.mark.parametrize(("t1_s", "t2_s", "waited_s"), [(0.5, 4.0, 3.5), (0.1, 0.4, 0.3)])
def test_late_trying_comes_when_the_clients_timer_e_has_reached_t2(
    t1_s: float, t2_s: float, waited_s: float
) -> None:
    assert Timing(t1_s=t1_s, t2_s=t2_s).late_trying_s == pytest.approx(waited_s)
