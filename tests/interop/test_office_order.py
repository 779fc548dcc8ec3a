"""The whole order by REST and by command line at a real carrier, then a phone that registers."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lab.cli import app
from lab.errors import Refused
from tests.support.carrier import Carrier
from tests.support.wire import WirePhone

pytestmark = pytest.mark.interop

CUSTOMER = {
    "kind": "corporate",
    "name": "特番商事",
    "postal_code": "100-0001",
    "address": "東京都千代田区千代田1-1",
    "phone": "03-1234-5678",
    "mail": "office@tokuban.example",
}
CONTRACT = {"plan": "standard", "profile": "ntt", "ma": "東京", "prefecture": "東京都"}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carrier]:
    with Carrier(tmp_path_factory.mktemp("office")) as carrier:
        yield carrier


def ask(
    carrier: Carrier, method: str, path: str, body: Any = None, key: str | None = None
) -> tuple[int, bytes]:
    """Status and body of an answer."""
    request = carrier.request(path, method, body)
    if key:
        request.add_header("Idempotency-Key", key)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def asked(carrier: Carrier, method: str, path: str, body: Any = None, key: str = "") -> Any:
    """The JSON of an answer that must be a good one."""
    status, content = ask(carrier, method, path, body, key or None)
    assert status in (200, 201), content
    return json.loads(content)


def tokuban(carrier: Carrier, *words: str, status: int = 0) -> str:
    """What the command prints or refuses with; it must end with `status`."""
    ended = CliRunner().invoke(app, [*words, *at(carrier)])
    if isinstance(ended.exception, Refused):
        assert ended.exception.status == status, ended.exception
        return str(ended.exception)
    assert ended.exit_code == status, ended.output
    return ended.stdout


def at(carrier: Carrier) -> tuple[str, str]:
    return "--url", f"http://127.0.0.1:{carrier.http_port}"


def register(carrier: Carrier, user: str, password: str) -> int | None:
    """The final status of a registration."""
    with WirePhone(carrier.address, user, password) as phone:
        return phone.register().status


@pytest.mark.rule("N050-01")
@pytest.mark.rule("N050-03")
@pytest.mark.rule("N050-04")
def test_an_order_by_rest(office: Carrier) -> None:
    customer = asked(office, "POST", "/v1/customers", CUSTOMER)
    contract = asked(office, "POST", "/v1/contracts", CONTRACT | {"customer": customer["id"]})
    wanted = {"contract": contract["id"], "count": 2}
    order = asked(office, "POST", "/v1/number-orders", wanted, key="rest-1")
    number, other = order["numbers"]
    assert register(office, number["user"], number["line_password"]) == 200
    assert register(office, other["user"], number["line_password"]) == 401

    office.restart()
    again = asked(office, "POST", "/v1/number-orders", wanted, key="rest-1")
    assert again["id"] == order["id"]
    assert {each["line_password"] for each in again["numbers"]} == {None}
    changed = wanted | {"count": 3}
    assert ask(office, "POST", "/v1/number-orders", changed, "rest-1")[0] == 422
    assert register(office, number["user"], number["line_password"]) == 200

    letter = f"/v1/number-orders/{order['id']}/letter"
    status, pdf = ask(office, "POST", letter)
    assert (status, pdf[:5]) == (200, b"%PDF-")
    assert ask(office, "POST", letter)[0] == 410


@pytest.mark.rule("N050-06")
def test_an_order_by_command_line(office: Carrier, tmp_path: Path) -> None:
    added = tokuban(
        office, "customer", "add", "特番 花子", "--postal-code", "100-0001", "--address", "東京都",
        "--phone", "03-1234-5678", "--mail", "hanako@tokuban.example", "--json",
    )  # fmt: skip
    place = ("--profile", "ntt", "--ma", "東京", "--prefecture", "東京都")
    opened = tokuban(office, "contract", "open", json.loads(added)["id"], *place, "--json")
    contract = json.loads(opened)["id"]
    order = json.loads(tokuban(office, "order", "place", contract, "1", "--json", "--key", "c-1"))
    (number,) = order["numbers"]
    user = number["user"]
    assert register(office, user, number["line_password"]) == 200

    again = tokuban(office, "order", "place", contract, "1", "--key", "c-1")
    assert number["number"] in again
    assert number["line_password"] not in again
    assert user[1:] in tokuban(office, "number", "list", "--contract", contract)

    letter = tmp_path / "letter.pdf"
    tokuban(office, "order", "letter", order["id"], str(letter))
    assert letter.read_bytes()[:5] == b"%PDF-"
    assert letter.stat().st_mode & 0o077 == 0
    refused = tokuban(office, "order", "letter", order["id"], str(tmp_path / "b.pdf"), status=1)
    assert "handed out" in refused
    assert not (tmp_path / "b.pdf").exists()

    reset = json.loads(tokuban(office, "number", "reset-password", user, "--json"))
    assert register(office, user, number["line_password"]) == 401
    assert register(office, user, reset["password"]) == 200
    tokuban(office, "number", "cancel", user, "--form", "解約届 2026-0042")
    assert register(office, user, reset["password"]) == 401
    assert "解約届 2026-0042" in tokuban(office, "audit", "--contract", contract)


def test_a_line_by_command_line(office: Carrier) -> None:
    place = ("--profile", "docomo", "--ma", "大阪", "--prefecture", "大阪府")
    tokuban(office, "line", "add", "09000000077", *place)
    made = json.loads(tokuban(office, "line", "add-account", "09000000077", "added", "--json"))
    assert register(office, "added", made["password"]) == 200
    refused = tokuban(office, "line", "change", "09000000077", "--option", "wings", status=1)
    assert "docomo has no 'wings'" in refused
    tokuban(office, "line", "remove-account", "added")
    assert register(office, "added", made["password"]) == 401
    tokuban(office, "line", "remove", "09000000077")
    assert "no line has the number" in tokuban(office, "line", "show", "09000000077", status=1)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("contract", "plans"), "standard"),
        (("number", "blocks"), "B00000001"),
        (("freephone", "versions", "0120000003"), "seed"),
        (("freephone", "fees", "0120000003"), "base"),
        (("freephone", "list"), "0300000003"),
    ],
)
def test_lists_by_command_line(office: Carrier, words: tuple[str, ...], shown: str) -> None:
    assert shown in tokuban(office, *words)


def test_a_trunk_by_command_line(office: Carrier) -> None:
    tokuban(office, "trunk", "add", "other", "--class", "mobile", "--peer", "192.0.2.1")
    assert "192.0.2.1" in tokuban(office, "trunk", "show", "other")
    tokuban(office, "trunk", "remove", "other")


def test_a_token_by_command_line(office: Carrier) -> None:
    made = tokuban(office, "token", "create", "shop", "--scope", "orders:read", "--json")
    secret = json.loads(made)["secret"]
    tokuban(office, "order", "list", "--token", secret)
    assert "customers:read" in tokuban(office, "customer", "list", "--token", secret, status=1)
    tokuban(office, "token", "revoke", json.loads(made)["id"])
    assert "--token" in tokuban(office, "order", "list", "--token", secret, status=1)
    assert secret not in tokuban(office, "token", "list")
    assert secret not in office.log


def test_the_command_itself_ends_with_the_status_of_its_refusal(office: Carrier) -> None:
    command = [sys.executable, "-m", "lab", "order", "show", "N00009999", *at(office)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("tokuban: http://127.0.0.1:")
    assert "404" in ended.stderr


def test_phones_of_a_reset_or_cancelled_number_are_no_longer_registered(office: Carrier) -> None:
    customer = asked(office, "POST", "/v1/customers", CUSTOMER)
    contract = asked(office, "POST", "/v1/contracts", CONTRACT | {"customer": customer["id"]})
    wanted = {"contract": contract["id"], "count": 2}
    order = asked(office, "POST", "/v1/number-orders", wanted, key="phones-1")
    before = registered(office)
    for number in order["numbers"]:
        assert register(office, number["user"], number["line_password"]) == 200
    assert registered(office) == before + 2
    one, other = order["numbers"]
    tokuban(office, "number", "reset-password", one["user"])
    assert registered(office) == before + 1
    tokuban(office, "number", "cancel", other["user"], "--form", "解約届 2026-0043")
    assert registered(office) == before


def registered(carrier: Carrier) -> float:
    """How many users the running registrar holds a contact of."""
    lines = carrier.fetch("/metrics").splitlines()
    return next(float(x.split()[1]) for x in lines if x.startswith("tokuban_registered_users "))
