"""Lines and accounts, whoever keeps them."""

import hashlib

import pytest

from provisioning.contract import Access
from tests.contract.conftest import Ports
from tests.support.storage import DOCOMO, NOBODY, NTT, RAKUTEN, seed


@pytest.mark.rule("LINE-01")
def test_lines_come_back_as_they_were_seeded(ports: Ports) -> None:
    for each in seed():
        assert ports.directory.line(each.line.number) == each.line


@pytest.mark.rule("LINE-01")
def test_a_line_has_accounts_with_credentials_of_their_own(ports: Ports) -> None:
    os, link = ports.directory.accounts_of(RAKUTEN)
    assert (os.user, os.access, os.line) == ("rakuten", Access.OS, RAKUTEN)
    assert (link.user, link.access, link.line) == ("rakuten-link", Access.LINK, RAKUTEN)
    assert os.ha1 != link.ha1


@pytest.mark.rule("LINE-02")
def test_ha1_is_the_digest_of_user_realm_and_password(ports: Ports) -> None:
    account = ports.directory.account("docomo")
    assert account is not None
    text = b"docomo:tokuban:secret-docomo"
    assert account.ha1["MD5"] == hashlib.md5(text).hexdigest()
    assert account.ha1["SHA-256"] == hashlib.sha256(text).hexdigest()


def test_what_is_not_there_is_none(ports: Ports) -> None:
    assert ports.directory.line(NOBODY) is None
    assert ports.directory.account("nobody") is None
    assert ports.directory.accounts_of(NOBODY) == ()


def test_an_account_does_not_show_its_secret(ports: Ports) -> None:
    (account,) = ports.directory.accounts_of(DOCOMO)
    assert not any(secret in repr(account) for secret in account.ha1.values())
    assert account in ports.directory.accounts_of(DOCOMO)
    assert account not in ports.directory.accounts_of(NTT)


@pytest.mark.parametrize(
    ("host", "found"),
    [("192.0.2.7", ["uni"]), ("192.0.2.8", []), ("2001:db8::1", []), ("tokuban", []), ("", [])],
)
def test_an_address_is_the_home_of_accounts(ports: Ports, host: str, found: list[str]) -> None:
    assert [account.user for account in ports.directory.accounts_at(host)] == found
