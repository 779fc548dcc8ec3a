"""Addresses of descriptions that lie: never sent to (RFC 3264 §5.1, RFC 3261 §20.43)."""

import pytest

from ivr.sip.media_address import Ends, corrected, is_held, is_literal, objection

ELSEWHERE = Ends("198.51.100.7", ("192.0.2.1", "0.0.0.0"), {20000, 20001})
HERE = ELSEWHERE._replace(peer="127.0.0.1")


@pytest.mark.parametrize(
    "remote",
    [
        ("198.51.100.7", 4000),
        ("203.0.113.9", 4000),
        ("10.0.0.3", 4000),
        ("192.168.1.20", 20000),
        ("2001:db8::7", 4000),
        ("192.0.2.1", 4000),
    ],
)
def test_a_phone_is_sent_to_wherever_it_is(remote: tuple[str, int]) -> None:
    """Also behind a NAT, and beside us on our host."""
    assert objection(remote, ELSEWHERE) is None


@pytest.mark.parametrize("host", ["224.0.0.1", "239.1.2.3", "ff02::1", "::ffff:224.0.0.1"])
def test_a_multicast_group_gets_nothing(host: str) -> None:
    said = objection((host, 4000), ELSEWHERE)
    assert said is not None
    assert said.code == 330


@pytest.mark.parametrize("host", ["255.255.255.255", "240.0.0.1", "0.1.2.3", "::", "no", "1" * 99])
def test_nobodys_address_gets_nothing(host: str) -> None:
    said = objection((host, 4000), ELSEWHERE)
    assert said is not None
    assert said.code == 399


@pytest.mark.parametrize(
    ("host", "port", "mine"),
    [
        ("192.0.2.1", 20000, True),
        ("192.0.2.1", 20001, True),
        ("::ffff:192.0.2.1", 20000, True),
        ("127.0.0.1", 20000, True),
        ("192.0.2.1", 20002, False),
        ("192.0.2.2", 20000, False),
    ],
)
def test_our_own_ports_get_nothing(host: str, port: int, mine: bool) -> None:
    """Two legs would be told to send to each other, without end."""
    assert (objection((host, port), HERE) is not None) is mine


def test_a_call_that_another_carrier_sends_back_as_it_is_comes_from_a_port_of_ours() -> None:
    spiral = HERE._replace(spirals={20000})
    assert objection(("192.0.2.1", 20000), spiral) is None
    assert objection(("192.0.2.1", 20001), spiral) is not None


def test_loopback_is_ours_only_where_we_listen_there() -> None:
    elsewhere = HERE._replace(ours=("192.0.2.1",))
    assert objection(("127.0.0.1", 20000), elsewhere) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    ("peer", "is_true"),
    [("127.0.0.1", True), ("::1", True), ("192.0.2.1", True), ("198.51.100.7", False)],
)
def test_loopback_is_the_phones_own_host(host: str, peer: str, is_true: bool) -> None:
    ends = ELSEWHERE._replace(peer=peer)
    assert corrected((host, 4000), ends) == (host if is_true else peer, 4000)


@pytest.mark.parametrize("host", ["203.0.113.9", "192.168.1.20", "2001:db8::7", "no"])
def test_any_other_address_is_as_it_is(host: str) -> None:
    assert corrected((host, 4000), ELSEWHERE) == (host, 4000)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "0::0", "::ffff:0.0.0.0"])
def test_a_wildcard_address_holds(host: str) -> None:
    assert is_held(host)


@pytest.mark.parametrize("host", ["0.0.0.1", "192.0.2.1", "phone.example", ""])
def test_no_other_address_holds(host: str) -> None:
    assert not is_held(host)


def test_a_name_is_no_address() -> None:
    assert is_literal("192.0.2.1")
    assert not is_literal("phone.example")
    assert not is_literal("1" * 5000)
