"""Hosts looked up in networks."""

import pytest

from ivr.sip.networks import Networks

INSIDE = Networks(("172.30.50.128/25", "192.0.2.7", "2001:db8:1::/64"))


@pytest.mark.parametrize(
    "host", ["172.30.50.128", "172.30.50.255", "192.0.2.7", "2001:db8:1::9", "::ffff:172.30.50.130"]
)
def test_an_address_of_a_network_is_in_it(host: str) -> None:
    assert host in INSIDE
    assert host in INSIDE  # asked again, from memory


@pytest.mark.parametrize(
    "host", ["172.30.50.1", "192.0.2.8", "2001:db8:2::9", "carrier", "", "172.30.50.999"]
)
def test_everything_else_is_not(host: str) -> None:
    assert host not in INSIDE
    assert host not in INSIDE


def test_without_networks_nobody_is() -> None:
    assert "127.0.0.1" not in Networks(())


def test_a_network_with_a_mask_that_cuts_it_is_refused() -> None:
    with pytest.raises(ValueError, match="host bits"):
        Networks(("172.30.50.10/24",))


def test_a_flood_of_hosts_changes_no_answer() -> None:
    networks = Networks(("10.0.0.0/16",))
    hosts = [f"10.{high}.{middle}.1" for high in range(20) for middle in range(256)]
    assert [host for host in hosts if host in networks] == [f"10.0.{each}.1" for each in range(256)]
