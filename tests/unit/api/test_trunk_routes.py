"""`/v1/trunks` and the sources of accounts over HTTP."""

import httpx2

from provisioning.office import Office
from provisioning.tokens.model import Scope
from tests.support.storage import binding
from tests.unit.api.conftest import OPERATOR, Clients

OTHER = {
    "name": "other",
    "caller_class": "mobile",
    "peers": ["192.0.2.1:5060"],
    "account": "other",
    "prefixes": ["090", "+"],
    "trusted": True,
    "prefecture": "東京都",
    "calls": 3,
    "login": None,
    "registers": False,
}


async def test_a_trunk_is_made_shown_listed_and_removed(
    api: httpx2.AsyncClient, office: Office
) -> None:
    made = await api.post("/v1/trunks", json=OTHER)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/trunks/other")
    kept = {"peers": ["192.0.2.1:5060;transport=udp"], "prefixes": ["+", "090"], "password": None}
    assert made.json() | {"password": None} == OTHER | kept
    assert len(made.json()["password"]) == 16
    for name in ("a", "zz"):
        await api.post("/v1/trunks", json={"name": name, "caller_class": "phs", "account": name})
    assert (await api.get("/v1/trunks/other")).json() == OTHER | kept
    first = (await api.get("/v1/trunks", params={"limit": 2})).json()
    assert [each["name"] for each in first["items"]] == ["a", "other"]
    second = (await api.get("/v1/trunks", params={"after": first["next"]})).json()
    assert [each["name"] for each in second["items"]] == ["zz"]
    assert (await api.delete("/v1/trunks/other")).status_code == 204
    assert (await api.get("/v1/trunks/other")).status_code == 404
    assert (await api.delete("/v1/trunks/other")).status_code == 404
    changes = (await api.get("/v1/audit", params={"subject": "other"})).json()["items"]
    assert [each["what"] for each in changes] == ["trunk removed", "trunk made"]
    assert office.trunks.of("other") is None


async def test_a_login_is_shown_without_its_password(api: httpx2.AsyncClient) -> None:
    login = {"login": "us", "registers": True}
    made = await api.post("/v1/trunks", json=OTHER | login | {"login_password": "marker-secret"})
    assert made.status_code == 201
    shown = await api.get("/v1/trunks/other")
    assert login.items() <= shown.json().items()
    audit = await api.get("/v1/audit", params={"subject": "other"})
    assert "marker-secret" not in made.text + shown.text + audit.text
    wrong = await api.post("/v1/trunks", json=OTHER | login | {"name": "b"})
    assert (wrong.status_code, "marker" in wrong.text) == (422, False)


async def test_where_a_trunk_is_registered(api: httpx2.AsyncClient, office: Office) -> None:
    path = "/v1/trunks/other"
    assert (await api.get(f"{path}/registrations")).status_code == 404
    await api.post("/v1/trunks", json=OTHER)
    assert (await api.get(f"{path}/registrations")).json()["items"] == []
    await office.bindings.save("other", (binding(),))
    (shown,) = (await api.get(f"{path}/registrations")).json()["items"]
    assert (shown["user"], shown["contact"]) == ("other", binding().contact)


async def test_what_cannot_be_is_refused_with_its_reason(api: httpx2.AsyncClient) -> None:
    await api.post("/v1/trunks", json=OTHER)
    for change, status, said in (
        ({}, 409, "remove it first"),
        ({"name": "b"}, 409, "is a peer of the trunk other"),
        ({"name": "b", "peers": [], "account": "b"}, 409, "leads to the trunk other"),
        ({"name": "b", "peers": ["192.0.2.2"], "prefixes": ["110"]}, 422, "never leave"),
        ({"name": "b", "peers": ["pbx.example"]}, 422, "no name"),
        ({"name": "b", "peers": [], "account": None}, 422, "an address, or an account"),
    ):
        refused = await api.post("/v1/trunks", json=OTHER | change)
        assert (refused.status_code, said in refused.json()["detail"]) == (status, True), change


async def test_trunks_have_a_scope_of_their_own(clients: Clients, office: Office) -> None:
    made = await office.tokens.create("t", [Scope.TRUNKS_READ], origin=OPERATOR)
    async with clients("192.0.2.7", made.secret) as reader:
        assert (await reader.get("/v1/trunks")).status_code == 200
        assert (await reader.post("/v1/trunks", json=OTHER)).status_code == 403
        assert (await reader.get("/v1/lines")).status_code == 403


async def test_the_sources_of_an_ngn_line_are_set_and_shown(api: httpx2.AsyncClient) -> None:
    line = {"number": "0312340001", "profile": "ntt", "ma": "東京", "prefecture": "東京都"}
    await api.post("/v1/lines", json=line | {"options": ["ngn-uni"]})
    made = await api.post("/v1/accounts", json={"line": "0312340001", "user": "0312340001"})
    assert made.json()["sources"] == []
    wanted = {"sources": ["192.0.2.0/29"]}
    kept = await api.put("/v1/accounts/0312340001/sources", json=wanted)
    assert kept.json() == made.json() | wanted | {"password": None}
    (shown,) = (await api.get("/v1/lines/0312340001")).json()["accounts"]
    assert shown["sources"] == ["192.0.2.0/29"]
    wide = await api.put("/v1/accounts/0312340001/sources", json={"sources": ["0.0.0.0/0"]})
    assert wide.status_code == 422
    other = await api.put("/v1/accounts/au/sources", json=wanted)
    assert (other.status_code, "ngn-uni" in other.json()["detail"]) == (422, True)
    nobody = await api.put("/v1/accounts/nobody/sources", json=wanted)
    assert nobody.status_code == 404


async def test_a_wrong_value_in_any_other_field_makes_no_trunk(
    api: httpx2.AsyncClient, office: Office
) -> None:
    whole = OTHER | {"password": "long-enough"}
    nul, turned, broken, long = "x\0y", "a\u202eb", "a\r\nb", ["x" * 99]
    values: tuple[object, ...] = (-1, 7.5, {}, [None], nul, turned, broken, "", long)
    for field in ("account", "password", "prefixes", "trusted", "prefecture", "calls"):
        for value in values:
            refused = await api.post("/v1/trunks", json=whole | {field: value})
            assert refused.status_code == 422, (field, value, refused.text)
    assert office.trunks.all() == ()
