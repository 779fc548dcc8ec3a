"""Whose packets are believed: the table, NAT learning, injection and rebinding."""

from itertools import product

import pytest

from ivr.media.source_lock import (
    KIN_SEQUENCES,
    PROBATION_PACKETS,
    SILENCE_S,
    TABLE,
    Do,
    Input,
    SourceLock,
    State,
    normal,
)

PHONE = ("192.0.2.1", 4000)
NATTED = ("198.51.100.7", 61000)
REBOUND = ("198.51.100.7", 61001)
NEIGHBOUR = ("192.0.2.1", 4002)
STRANGER = ("203.0.113.66", 5555)

IMPOSSIBLE = {
    (State.OPEN, Input.HELD): "nothing is held yet",
    (State.OPEN, Input.KIN): "nobody was heard yet",
    (State.OPEN, Input.SILENCE): "nobody was heard yet",
    (State.LOCKED, Input.PROVEN): "probation is for open locks",
    (State.LOST, Input.PROVEN): "probation is for open locks",
    (State.LOST, Input.SILENCE): "it is silent already",
}


def waiting(learn_from: str | None = None) -> SourceLock:
    lock = SourceLock()
    lock.expect(PHONE, learn_from)
    return lock


def locked() -> SourceLock:
    lock = waiting()
    assert lock.judge(PHONE, 7, 100, 0.0) is Do.LOCK
    return lock


def knock(lock: SourceLock, source: tuple[str, int], count: int, ssrc: int = 9) -> list[Do]:
    return [lock.judge(source, ssrc, sequence, 0.1) for sequence in range(count)]


class TestTable:
    def test_every_pair_is_listed_or_cannot_be(self) -> None:
        assert set(product(State, Input)) == set(TABLE) | set(IMPOSSIBLE)
        assert not set(TABLE) & set(IMPOSSIBLE)

    def test_every_state_is_reached(self) -> None:
        reached = {State.OPEN}
        for _ in State:
            reached |= {step.next for (state, _), step in TABLE.items() if state in reached}
        assert reached == set(State)


class TestLocking:
    def test_the_address_of_the_sdp_locks_at_once(self) -> None:
        assert locked().locked == PHONE

    def test_nobody_is_heard_before_the_sdp(self) -> None:
        lock = SourceLock()
        assert set(knock(lock, STRANGER, 50)) == {Do.DROP}

    def test_no_injection_after_the_lock(self) -> None:
        lock = locked()
        for sequence in range(250):
            assert lock.judge(STRANGER, 7, 101 + sequence, 0.01) is Do.DROP
        assert lock.foreign == 250
        assert lock.locked == PHONE

    def test_another_port_of_the_same_host_is_a_stranger(self) -> None:
        assert set(knock(locked(), (PHONE[0], PHONE[1] + 2), 250)) == {Do.DROP}

    def test_a_moved_peer_is_believed_after_a_new_sdp(self) -> None:
        lock = locked()
        assert lock.expect(NATTED) is True
        assert lock.judge(PHONE, 7, 101, 0.1) is Do.DROP
        assert lock.judge(NATTED, 7, 102, 0.1) is Do.LOCK

    def test_hold_and_a_re_invite_that_moves_nothing_keep_the_lock(self) -> None:
        lock = locked()
        assert lock.expect(None) is False
        assert lock.expect(PHONE) is False
        assert lock.judge(PHONE, 8, 3, 0.1) is Do.ACCEPT


class TestBehindNat:
    def test_a_steady_source_is_learned(self) -> None:
        lock = waiting()
        verdicts = knock(lock, NATTED, PROBATION_PACKETS)
        assert verdicts == [Do.DROP] * (PROBATION_PACKETS - 1) + [Do.LOCK]
        assert lock.locked == NATTED

    def test_the_sdp_address_wins_during_probation(self) -> None:
        lock = waiting()
        knock(lock, NATTED, PROBATION_PACKETS - 1)
        assert lock.judge(PHONE, 7, 1, 0.1) is Do.LOCK
        assert lock.judge(NATTED, 9, PROBATION_PACKETS, 0.1) is Do.DROP

    def test_random_packets_prove_nothing(self) -> None:
        lock = waiting()
        for number in range(200):
            assert lock.judge(STRANGER, number, number * 37, 0.1) is Do.DROP

    def test_two_candidates_prove_nothing(self) -> None:
        lock = waiting()
        for sequence in range(50):
            assert lock.judge(NATTED, 9, sequence, 0.1) is Do.DROP or sequence == 0
            assert lock.judge(STRANGER, 5, sequence, 0.1) is Do.DROP
        assert lock.locked is None

    def test_only_the_host_that_signals_is_learned_when_it_is_known(self) -> None:
        lock = waiting(learn_from=NATTED[0])
        assert set(knock(lock, STRANGER, 250)) == {Do.DROP}
        assert knock(lock, NATTED, PROBATION_PACKETS)[-1] is Do.LOCK

    def test_a_learned_source_is_not_the_sdps(self) -> None:
        lock = waiting()
        assert not lock.named
        knock(lock, NATTED, PROBATION_PACKETS)
        assert not lock.named
        assert locked().named

    def test_a_re_invite_that_names_the_learned_source_makes_it_the_sdps(self) -> None:
        lock = waiting()
        knock(lock, NATTED, PROBATION_PACKETS)
        assert lock.expect(NATTED) is False
        assert lock.named
        assert lock.judge(PHONE, 7, 1, 0.1) is Do.DROP


class TestTakingBack:
    """A stranger spoke before the phone did, from another port of its host."""

    def test_the_sdp_address_takes_the_lock_with_its_first_packet(self) -> None:
        lock = waiting(learn_from=PHONE[0])
        assert knock(lock, NEIGHBOUR, PROBATION_PACKETS)[-1] is Do.LOCK
        assert lock.judge(PHONE, 7, 100, 0.1) is Do.LOCK
        assert lock.locked == PHONE
        assert lock.named

    def test_the_stranger_does_not_get_it_again(self) -> None:
        lock = waiting(learn_from=PHONE[0])
        knock(lock, NEIGHBOUR, PROBATION_PACKETS)
        lock.judge(PHONE, 7, 100, 0.1)
        assert set(knock(lock, NEIGHBOUR, 250)) == {Do.DROP}
        assert lock.judge(PHONE, 7, 101, 0.2) is Do.ACCEPT

    def test_nor_by_the_phones_silence(self) -> None:
        lock = waiting(learn_from=PHONE[0])
        knock(lock, NEIGHBOUR, PROBATION_PACKETS)
        lock.judge(PHONE, 7, 100, 0.1)
        assert lock.silent(2.0)
        assert set(knock(lock, NEIGHBOUR, 250)) == {Do.DROP}
        assert lock.locked == PHONE

    def test_nobody_else_takes_it_from_a_learned_source(self) -> None:
        lock = waiting()
        knock(lock, NATTED, PROBATION_PACKETS)
        for sequence in range(250):
            assert lock.judge(REBOUND, 9, PROBATION_PACKETS + sequence, 0.1) is Do.DROP
        assert lock.locked == NATTED

    def test_it_takes_it_from_a_stranger_who_posed_as_a_rebound_nat(self) -> None:
        lock = locked()
        lock.silent(2.0)
        assert lock.judge(NEIGHBOUR, 7, 160, 2.1) is Do.LOCK
        assert not lock.named
        assert lock.judge(PHONE, 7, 101, 2.2) is Do.LOCK
        assert lock.judge(NEIGHBOUR, 7, 161, 2.2) is Do.DROP


class TestSilence:
    def test_silence_is_said_once(self) -> None:
        lock = locked()
        assert not lock.silent(SILENCE_S - 0.01)
        assert lock.silent(SILENCE_S)
        assert not lock.silent(SILENCE_S + 1)

    def test_nobody_heard_is_no_silence(self) -> None:
        assert not waiting().silent(1000.0)

    def test_a_rebound_nat_carries_the_stream_on(self) -> None:
        lock = locked()
        lock.silent(2.0)
        assert lock.judge(REBOUND, 7, 160, 2.1) is Do.LOCK
        assert lock.locked == REBOUND

    @pytest.mark.parametrize(("ssrc", "sequence"), [(8, 160), (7, 100), (7, 99), (7, 30000)])
    def test_a_stranger_gains_nothing_by_the_silence(self, ssrc: int, sequence: int) -> None:
        lock = locked()
        lock.silent(2.0)
        assert sequence - 100 <= 0 or sequence - 100 >= KIN_SEQUENCES or ssrc != 7
        assert lock.judge(STRANGER, ssrc, sequence, 2.1) is Do.DROP

    def test_the_locked_source_comes_back(self) -> None:
        lock = locked()
        lock.silent(2.0)
        assert lock.judge(PHONE, 99, 5, 2.1) is Do.ACCEPT
        assert not lock.silent(3.0)

    def test_the_sdp_address_takes_over_from_a_silent_nat(self) -> None:
        lock = waiting()
        knock(lock, NATTED, PROBATION_PACKETS)
        lock.silent(2.0)
        assert lock.judge(PHONE, 3, 3, 2.1) is Do.LOCK


@pytest.mark.parametrize(
    ("host", "one"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_has_one_spelling(host: str, one: str) -> None:
    assert normal(host) == one


def test_a_name_is_no_address() -> None:
    with pytest.raises(ValueError, match="phone"):
        normal("phone.example")
