"""Other carriers, and addresses of NGN lines, in a seed file."""

from pathlib import Path

import pytest

from lab import seeds
from provisioning.contract import Trunk, TrunkClass
from tests.unit.lab.test_seeds import GOOD, WHOLE, refusal, write

CONNECTED = (
    WHOLE
    + """\
trunks:
  - {name: other, class: mobile, peers: ["192.0.2.1:5060"], prefixes: [090, +]}
  - name: pbx
    class: fixed
    account: pbx
    password: marker-trunk-secret
"""
)


def test_trunks(tmp_path: Path) -> None:
    other, pbx = seeds.load(write(tmp_path, CONNECTED)).trunks
    assert other.trunk == Trunk(
        "other", TrunkClass.MOBILE, ("192.0.2.1:5060;transport=udp",), prefixes=("+", "090")
    )
    assert other.password is None
    assert (pbx.trunk.account, pbx.password) == ("pbx", "marker-trunk-secret")
    assert "secret" not in repr(pbx)


def test_a_trunk_where_we_have_a_login(tmp_path: Path) -> None:
    login = "calls: 3, login: 0312345678, login_password: marker-login-secret, registers: true, "
    (ours, _) = seeds.load(
        write(tmp_path, CONNECTED.replace("prefixes:", login + "prefixes:"))
    ).trunks
    assert (ours.trunk.login, ours.trunk.registers) == ("0312345678", True)
    assert ours.login_password == "marker-login-secret"
    assert "secret" not in repr(ours)


def test_an_ngn_line_may_come_with_its_addresses(tmp_path: Path) -> None:
    text = GOOD.replace("ma: ", "options: [ngn-uni]\n    ma: ")
    text = text.replace("        password", "        sources: [192.0.2.0/29]\n        password")
    (seeded,) = seeds.load(write(tmp_path, text)).lines
    assert seeded.accounts[0].sources == ("192.0.2.0/29",)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "class: mobile",
            "class: mobil",
            "seed.yaml:28:26: trunk 1, class: 'mobil' is unknown; did you mean mobile?",
        ),
        (
            "[090, +]",
            "[110]",
            "seed.yaml:28:5: trunk 1: prefixes: '110': service codes and emergency numbers (110, "
            "118, 119) never leave this network",
        ),
        (
            "    account: pbx\n",
            "    account: pbx\n    peers: [192.0.2.1:5060]\n",
            "seed.yaml:29:5: trunk 2: peers: 192.0.2.1:5060 is a peer of the trunk other already",
        ),
        (
            "    password: marker-trunk-secret\n",
            "",
            "seed.yaml:29:5: trunk 2: password: its account needs one",
        ),
        (
            "class: mobile",
            "class: mobile, login: us",
            "seed.yaml:28:5: trunk 1: login_password: a login has one, and nothing else",
        ),
        (
            "account: pbx",
            "account: 0312345678",
            "seed.yaml:31:14: trunk 2, account: user 0312345678 stands twice",
        ),
        (
            "        password: marker-secret",
            "        sources: [192.0.2.1]\n        password: marker-secret",
            "seed.yaml:8:18: line 1, account 1, sources: add options: [ngn-uni] to the line",
        ),
    ],
)
def test_what_cannot_be_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert expected in refusal(tmp_path, CONNECTED.replace(old, new)).splitlines()
