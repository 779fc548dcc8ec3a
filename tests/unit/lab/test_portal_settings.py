"""Where the portal may be reached, as an operator writes it."""

import pytest
from pydantic import ValidationError

from lab.portal_settings import PortalSettings


@pytest.mark.parametrize("url", ["https://selfcare.example.jp", "https://selfcare.example.jp:8443"])
def test_the_proxys_address_is_https_and_a_host(url: str) -> None:
    assert PortalSettings(url=url).url == url
    assert PortalSettings(url=f"{url}/").url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://selfcare.example.jp",
        "selfcare.example.jp",
        "https://",
        "https://selfcare.example.jp/portal",
        "https://selfcare.example.jp?x",
        "https://selfcare.example.jp:0",
        "https://selfcare.example.jp:x",
        "https://[broken",
    ],
)
def test_another_address_is_refused_and_says_what_it_must_be(url: str) -> None:
    with pytest.raises(ValidationError, match="must be https:// and a host name"):
        PortalSettings(url=url)


def test_names_are_taken_as_a_host_header_writes_them() -> None:
    assert PortalSettings(hosts=" Carrier.LAB, 192.0.2.10,, [2001:db8::1] ").names == {
        "carrier.lab",
        "192.0.2.10",
        "2001:db8::1",
    }
    assert PortalSettings().names == frozenset()


def test_proxies_are_this_host_unless_others_are_named() -> None:
    assert {"127.0.0.1/32", "::1/128"} < set(PortalSettings().trusted)
    named = PortalSettings(proxies="192.0.2.80, 2001:db8:1::/64").trusted
    assert set(named) == {"192.0.2.80/32", "::ffff:192.0.2.80/128", "2001:db8:1::/64"}
    assert PortalSettings(proxies="").trusted == ()


@pytest.mark.parametrize("proxies", ["proxy.example.jp", "*", "10.0.0.1/24", "192.0.2.1:80"])
def test_what_is_no_address_cannot_be_a_trusted_proxy(proxies: str) -> None:
    with pytest.raises(ValidationError, match="write addresses or networks"):
        PortalSettings(proxies=proxies)
