"""Who may use `/lab`: whoever has its token, and a person at a browser of this host (LAB-02)."""

import json

import httpx2
import pytest
from fastapi import APIRouter
from prometheus_client import CollectorRegistry

from provisioning.api.app import create_app
from provisioning.api.probes import Readiness
from provisioning.office import Office
from tests.support.storage import listening_to
from tests.unit.api.conftest import LAB_TOKEN, TOKEN

FILE = "/somewhere/data/lab.token"
HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"
OWN = "http://127.0.0.1:8080"

routes = APIRouter(prefix="/lab")


@routes.delete("/mail")
@routes.delete("/mail/7")
@routes.post("/mail/page/erase")
@routes.post("/mail/outbox/7/resend")
@routes.get("/mail/thing")
@routes.get("/thing")
@routes.post("/thing")
async def thing() -> dict[str, bool]:
    return {"done": True}


def client(
    office: Office, peer: str = HERE, *, lab_token: str | None = LAB_TOKEN, base: str = OWN
) -> httpx2.AsyncClient:
    app = create_app(
        office,
        lambda: Readiness(True),
        CollectorRegistry(),
        listening_to(office),
        lab_routes=[routes] if lab_token else (),
        token=TOKEN,
        lab_token=lab_token,
        lab_token_file=FILE if lab_token else None,
    )
    transport = httpx2.ASGITransport(app=app, client=(peer, 50000))
    return httpx2.AsyncClient(transport=transport, base_url=base)


async def test_a_program_of_this_host_is_told_where_the_token_is(office: Office) -> None:
    async with client(office) as asking:
        refused = await asking.get("/lab/thing")
    assert refused.status_code == 401
    assert refused.json()["token_file"] == FILE
    assert LAB_TOKEN not in refused.text


async def test_a_stranger_is_not(office: Office) -> None:
    async with client(office, ELSEWHERE) as asking:
        refused = await asking.get("/lab/thing")
    assert refused.status_code == 401
    assert "token_file" not in refused.json()


@pytest.mark.parametrize("peer", [HERE, ELSEWHERE])
async def test_the_token_opens_it_from_anywhere(office: Office, peer: str) -> None:
    async with client(office, peer) as asking:
        asking.headers["Authorization"] = f"Bearer {LAB_TOKEN}"
        assert (await asking.post("/lab/thing")).json() == {"done": True}


@pytest.mark.parametrize("site", ["none", "same-origin"])
async def test_a_person_at_a_browser_of_this_host_may_open_the_mailbox_alone(
    office: Office, site: str
) -> None:
    async with client(office) as asking:
        asking.headers["Sec-Fetch-Site"] = site
        assert (await asking.get("/lab/mail/thing")).status_code == 200
        assert (await asking.get("/lab/thing")).status_code == 401
        assert (await asking.post("/lab/thing")).status_code == 401


CHANGES = (
    ("DELETE", "/lab/mail"),
    ("DELETE", "/lab/mail/7"),
    ("POST", "/lab/mail/outbox/7/resend"),
)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("site", ["none", "same-origin", None])
async def test_whoever_says_to_be_a_browser_changes_no_mail_without_the_token(
    office: Office, change: tuple[str, str], site: str | None
) -> None:
    said = {"Sec-Fetch-Site": site, "Origin": OWN} if site else {}
    async with client(office) as asking:
        refused = await asking.request(*change, headers=said)
        assert (refused.status_code, refused.json()["token_file"]) == (401, FILE)
        token = {"Authorization": f"Bearer {LAB_TOKEN}"}
        assert (await asking.request(*change, headers=token)).json() == {"done": True}


async def test_a_person_erases_by_the_form_of_the_page(office: Office) -> None:
    form = "/lab/mail/page/erase"
    async with client(office) as asking:
        assert (await asking.post(form)).status_code == 401
        assert (await asking.delete(form, headers={"Sec-Fetch-Site": "none"})).status_code == 401
        sent = await asking.post(form, headers={"Sec-Fetch-Site": "same-origin", "Origin": OWN})
        assert sent.json() == {"done": True}


@pytest.mark.parametrize("path", ["/lab/thing", "/v1/lines"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "anything"},
        {"Origin": "http://shop.example"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "none", "X-Forwarded-For": "192.0.2.7"},
        {"Sec-Fetch-Site": "none", "Host": "rebound.example:8080"},
    ],
)
async def test_a_page_of_another_site_gets_nothing(
    office: Office, headers: dict[str, str], path: str
) -> None:
    async with client(office) as asking:
        for method in ("GET", "POST"):
            refused = await asking.request(method, path, headers=headers)
            assert refused.status_code == 401
            assert "token_file" not in refused.json()


async def test_a_browser_elsewhere_needs_the_token(office: Office) -> None:
    async with client(office, ELSEWHERE) as asking:
        asking.headers["Sec-Fetch-Site"] = "none"
        assert (await asking.get("/lab/thing")).status_code == 401


@pytest.mark.parametrize("token", ["", "guess", LAB_TOKEN[:-1], LAB_TOKEN + "x", "特番"])
async def test_a_wrong_token_opens_nothing_even_here(office: Office, token: str) -> None:
    async with client(office) as asking:
        header = {b"Authorization": f"Bearer {token}".encode()}
        assert (await asking.get("/lab/thing", headers=header)).status_code == 401


async def test_off_there_is_nothing(office: Office) -> None:
    async with client(office, lab_token=None) as asking:
        assert (await asking.get("/lab/thing")).status_code == 404
        assert json.loads((await asking.get("/lab/thing")).text)["status"] == 404


async def test_unknown_paths_below_it_are_guarded_too(office: Office) -> None:
    async with client(office) as asking:
        assert (await asking.get("/lab/nothing")).status_code == 401
