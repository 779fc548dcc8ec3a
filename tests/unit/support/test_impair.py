"""The bad network does what it was told, and the same again with the same seed."""

import socket

from tests.support.impair import Impairment, Relay, Weather
from tests.support.ports import LOOPBACK

ROUGH = Weather(drop=0.1, duplicate=0.03, reorder=0.1, delay_ms=30, jitter_ms=15)


def fates(seed: int) -> list[list[float]]:
    impairment = Impairment(ROUGH, seed)
    return [impairment.fate() for _ in range(5000)]


def test_the_same_seed_gives_the_same_fates() -> None:
    assert fates(7) == fates(7)
    assert fates(7) != fates(8)


def test_shares_are_as_told() -> None:
    drawn = fates(3)
    lost = sum(not fate for fate in drawn) / len(drawn)
    doubled = sum(len(fate) == 2 for fate in drawn) / len(drawn)
    assert 0.08 < lost < 0.12
    assert 0.02 < doubled < 0.04


def test_delays_stay_within_their_bounds() -> None:
    delays = [delay for fate in fates(5) for delay in fate]
    assert min(delays) >= 0.015
    assert max(delays) <= 0.070
    assert sum(delay > 0.045 for delay in delays) > 0


def exchange(weather: Weather, count: int) -> tuple[list[bytes], list[bytes]]:
    """What a server received of `count` datagrams, and what its echoes brought back."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        for end in (server, client):
            end.bind((LOOPBACK, 0))
            end.settimeout(0.5)
        with Relay(server.getsockname(), weather, seed=2) as relay:
            for number in range(count):
                client.sendto(b"%d" % number, relay.address)
            arrived = drain(server, echo=True)
            return arrived, drain(client)


def drain(end: socket.socket, *, echo: bool = False) -> list[bytes]:
    received: list[bytes] = []
    while True:
        try:
            data, sender = end.recvfrom(100)
        except TimeoutError:
            return received
        received.append(data)
        if echo:
            end.sendto(data, sender)


def test_fair_weather_delivers_everything_both_ways() -> None:
    sent = [b"%d" % number for number in range(100)]
    assert exchange(Weather(), 100) == (sent, sent)


def test_rough_weather_loses_doubles_and_disorders() -> None:
    arrived, _ = exchange(Weather(drop=0.2, duplicate=0.2, reorder=0.3, delay_ms=5), 200)
    numbers = [int(data) for data in arrived]
    assert 0 < len(set(numbers)) < 200
    assert len(numbers) > len(set(numbers))
    assert numbers != sorted(numbers)


def test_clients_do_not_hear_each_other() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        for end in (server, one, other):
            end.bind((LOOPBACK, 0))
            end.settimeout(0.5)
        with Relay(server.getsockname(), Weather()) as relay:
            one.sendto(b"one", relay.address)
            other.sendto(b"other", relay.address)
            drain(server, echo=True)
            assert drain(one) == [b"one"]
            assert drain(other) == [b"other"]
