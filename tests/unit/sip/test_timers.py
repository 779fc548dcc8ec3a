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


def test_timers_of_one_delay_share_a_lane_and_keep_their_order_among_all() -> None:
    timers, fired = Timers(), list[str]()
    timers.after(1.0, 0.0, lambda now: fired.append("first"))
    timers.set(1.0, lambda now: fired.append("second"))
    timers.after(1.0, 0.0, lambda now: fired.append("third"))
    timers.after(0.5, 0.25, lambda now: fired.append("soonest"))
    for number in range(100):
        timers.after(1.0, 2.0 + number, lambda now: fired.append("late"))
    assert len(timers._heap) == 3
    assert len(timers) == 104
    assert timers.next_deadline() == 0.75
    timers.fire_due(1.0)
    assert fired == ["soonest", "first", "second", "third"]
    timers.fire_due(200.0)
    assert len(fired) == 104
    assert (len(timers), timers.next_deadline()) == (0, None)


def test_cancelled_timers_of_a_lane_are_passed_over() -> None:
    timers, fired = Timers(), list[float]()
    lane = [timers.after(1.0, float(number), fired.append) for number in range(6)]
    for number in (0, 2, 3, 5):
        lane[number].cancel()
    assert len(timers) == 2
    assert timers.next_deadline() == 2.0
    timers.fire_due(2.0)
    assert timers.next_deadline() == 5.0
    timers.fire_due(9.0)
    assert fired == [2.0, 9.0]
    assert (len(timers), timers.next_deadline()) == (0, None)


def test_a_lane_takes_a_deadline_before_its_last_one() -> None:
    timers, fired = Timers(), list[str]()
    timers.after(1.0, 5.0, lambda now: fired.append("later"))
    timers.after(1.0, 4.0, lambda now: fired.append("sooner"))
    assert timers.next_deadline() == 5.0
    timers.fire_due(6.0)
    assert fired == ["sooner", "later"]


def test_giving_back_cancelled_timers_loses_no_lane() -> None:
    timers, fired = Timers(), list[float]()
    timers.after(1.0, 0.0, fired.append).cancel()
    timers.after(1.0, 1.0, fired.append)
    for number in range(20_000):
        timers.set(100.0 + number, fired.append).cancel()
    assert len(timers) == 1
    timers.fire_due(3.0)
    assert fired == [3.0]
