"""Nonces and their counts: RFC 7616 §3.3, §3.4 and §5.4."""

import pytest

from ivr.sip.nonces import Freshness, Nonces

KEY = b"k" * 32


class TestVerify:
    def test_fresh_until_its_life_ends(self) -> None:
        nonces = Nonces(KEY, life_s=300)
        nonce = nonces.issue(1000.0, "salt")
        assert nonces.verify(nonce, 1000.0) is Freshness.FRESH
        assert nonces.verify(nonce, 1300.0) is Freshness.FRESH
        assert nonces.verify(nonce, 1300.01) is Freshness.STALE

    def test_a_node_with_the_same_key_knows_it(self) -> None:
        assert Nonces(KEY).verify(Nonces(KEY).issue(5.0, "s"), 6.0) is Freshness.FRESH

    def test_one_from_the_future_is_stale(self) -> None:
        assert Nonces(KEY).verify(Nonces(KEY).issue(500.0, "s"), 5.0) is Freshness.STALE

    def test_two_salts_make_two_nonces(self) -> None:
        nonces = Nonces(KEY)
        assert nonces.issue(1.0, "a") != nonces.issue(1.0, "b")

    def test_forged(self) -> None:
        nonces = Nonces(KEY)
        nonce = nonces.issue(1.0, "salt")
        stamp, salt, mac = nonce.split(".")
        for forged in (
            "",
            ".",
            "nonsense",
            "\udcff",
            f"{stamp}0.{salt}.{mac}",
            f"{stamp}.pepper.{mac}",
            f"{stamp}.{salt}.{mac[:-1]}",
            f"{stamp}.{salt}.",
            Nonces(b"o" * 32).issue(1.0, "salt"),
        ):
            assert nonces.verify(forged, 1.0) is Freshness.FORGED


class TestSpend:
    def test_each_count_once(self) -> None:
        nonces = Nonces(KEY)
        assert [nonces.spend("n", count) for count in (1, 1, 2, 1, 2)] == [
            True,
            False,
            True,
            False,
            False,
        ]

    def test_counts_may_overtake_each_other_within_the_window(self) -> None:
        nonces = Nonces(KEY)
        assert [nonces.spend("n", count) for count in (3, 1, 2, 1)] == [True, True, True, False]
        assert nonces.spend("n", 66)
        assert nonces.spend("n", 4)
        assert not nonces.spend("n", 2)

    def test_a_jump_beyond_the_window_forgets_nothing_that_counts(self) -> None:
        nonces = Nonces(KEY)
        assert nonces.spend("n", 1)
        assert nonces.spend("n", 0xFFFFFFFF)
        assert not nonces.spend("n", 1)
        assert not nonces.spend("n", 0xFFFFFFFF)
        assert nonces.spend("n", 0xFFFFFFFE)

    def test_without_a_count_a_nonce_serves_once(self) -> None:
        nonces = Nonces(KEY)
        assert nonces.spend("n", 0)
        assert not nonces.spend("n", 0)
        assert not nonces.spend("n", 1)
        assert nonces.spend("m", 1)
        assert not nonces.spend("m", 0)


class TestMemory:
    def test_forgetting_allows_no_replay(self) -> None:
        nonces = Nonces(KEY, most=2)
        issued = [nonces.issue(float(second), "s") for second in range(3)]
        unused = nonces.issue(0.0, "unused")
        assert all(nonces.spend(nonce, 1) for nonce in issued)
        assert nonces.verify(issued[0], 3.0) is Freshness.STALE
        assert nonces.verify(unused, 3.0) is Freshness.STALE
        assert nonces.verify(issued[1], 3.0) is Freshness.FRESH
        assert not nonces.spend(issued[1], 1)

    @pytest.mark.parametrize("most", [1, 10])
    def test_no_more_than_its_measure(self, most: int) -> None:
        nonces = Nonces(KEY, most=most)
        issued = [nonces.issue(second / 1000, "s") for second in range(100)]
        for nonce in issued:
            assert nonces.spend(nonce, 1)
        fresh = [nonce for nonce in issued if nonces.verify(nonce, 1.0) is Freshness.FRESH]
        assert len(fresh) == most
