"""The laboratory's mailbox over HTTP, as a page and from the command line."""

import asyncio
import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from lab.cli import app as tokuban
from lab.cli import main
from lab.mailbox import pages, routes
from lab.web import WebPart
from provisioning.api import problems
from provisioning.notify.caught import CaughtMails
from provisioning.notify.model import Mail
from provisioning.notify.outbox import Outbox
from tests.support.mail_server import HANG_UP, ScriptedServer
from tests.unit.notify.conftest import Post

TO = "owner@customer.example"
SCRIPT = "<script>alert(1)</script>"
HERE = "http://127.0.0.1:8080"


def message(subject: str, text: str, html: str | None = None) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "名前 <ci@app.example>", TO, subject
    made.set_content(text)
    if html is not None:
        made.add_alternative(html, subtype="html")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="<b>.pdf")
    return made.as_bytes()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what the databases do differently is below this."""
    return f"sqlite:///{tmp_path}/tokuban.sqlite3"


@pytest.fixture
def caught(post: Post) -> CaughtMails:
    return CaughtMails(post.database, post.seal, lambda: post.now)


@pytest.fixture
def app(post: Post, caught: CaughtMails) -> FastAPI:
    """The mailbox's routes alone; who may use them is the whole application's decision."""
    made = FastAPI(redirect_slashes=False)
    problems.install(made)
    made.include_router(pages.router(caught))
    made.include_router(routes.router(caught, post.outbox()))
    return made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=HERE) as made:
        yield made


class TestForPrograms:
    """JSON under /lab/mail."""

    async def test_a_mail_is_listed_shown_and_given_as_it_came(
        self, client: httpx2.AsyncClient, caught: CaughtMails
    ) -> None:
        raw = message("件名", "認証コード　048291", "<p>html")
        await caught.take("ci@app.example", (TO, "b@c.example"), raw)
        [listed] = (await client.get("/lab/mail")).json()["items"]
        assert listed == {
            "id": 1,
            "received_at": "2026-07-25T00:00:00Z",
            "sender": "ci@app.example",
            "to": [TO, "b@c.example"],
            "subject": "件名",
        }
        shown = (await client.get("/lab/mail/1")).json()
        assert shown["text"] == "認証コード　048291\n"
        assert (shown["code"], shown["html"].strip()) == ("048291", "<p>html")
        [attached] = shown["attachments"]
        assert attached == {"name": "<b>.pdf", "media_type": "application/pdf", "bytes": 4}
        as_it_came = await client.get("/lab/mail/1/raw")
        assert as_it_came.content == raw
        assert as_it_came.headers["content-disposition"] == "attachment"

    async def test_mails_are_found_by_recipient_and_age(
        self, client: httpx2.AsyncClient, caught: CaughtMails
    ) -> None:
        for number, to in enumerate((TO, "other@x.example", TO, "x" + TO)):
            await caught.take("a@b.example", (to,), message(str(number), "text"))

        async def subjects(query: str) -> list[str]:
            found = (await client.get(f"/lab/mail{query}")).json()["items"]
            return [each["subject"] for each in found]

        assert await subjects("") == ["3", "2", "1", "0"]
        assert await subjects(f"?to={TO}") == ["2", "0"]
        assert await subjects(f"?to={TO.upper()}&after=1") == ["2"]
        assert await subjects("?limit=1") == ["3"]
        assert await subjects("?to=%25") == []

    async def test_the_latest_code_and_none(
        self, client: httpx2.AsyncClient, caught: CaughtMails
    ) -> None:
        assert (await client.get("/lab/mail/latest-code")).status_code == 404
        await caught.take("a@b.example", (TO,), message("1", "コード 111111"))
        await caught.take("a@b.example", (TO,), message("2", "コード 222222"))
        await caught.take("a@b.example", (TO,), message("3", "no digits"))
        found = await client.get(f"/lab/mail/latest-code?to={TO}&wait_s=0")
        assert found.json() == {"code": "222222", "mail": 2}
        assert (await client.get("/lab/mail/latest-code?wait_s=60")).json() == found.json()
        assert (await client.get("/lab/mail/latest-code?after=2")).status_code == 404

    async def test_mails_are_erased(self, client: httpx2.AsyncClient, caught: CaughtMails) -> None:
        for _ in range(3):
            await caught.take("a@b.example", (TO,), message("x", "y"))
        assert (await client.delete("/lab/mail/1")).json() == {"erased": 1}
        assert (await client.delete("/lab/mail/1")).status_code == 404
        assert (await client.delete("/lab/mail")).json() == {"erased": 2}

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/lab/mail/1", 404),
            ("/lab/mail/1/raw", 404),
            ("/lab/mail/page/1", 404),
            ("/lab/mail/page/1/html", 404),
            ("/lab/mail/x", 422),
            ("/lab/mail/-1", 422),
            ("/lab/mail/99999999999999999999", 422),
            ("/lab/mail?limit=0", 422),
            ("/lab/mail?after=x", 422),
            ("/lab/mail/latest-code?wait_s=61", 422),
            ("/lab/mail/latest-code?wait_s=nan", 422),
        ],
    )
    async def test_what_is_not_there_or_no_id_is_said(
        self, client: httpx2.AsyncClient, path: str, status: int
    ) -> None:
        answer = await client.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_the_outbox_shows_what_waits_and_never_its_text(
        self, client: httpx2.AsyncClient, post: Post, server: ScriptedServer
    ) -> None:
        server.data.append(HANG_UP)
        outbox = await post.delivering(server)
        await outbox.send(Mail(TO, "marker-subject", "marker-text"), key="order N00000001")
        await outbox.deliver_due()
        answer = await client.get("/lab/mail/outbox")
        [unsent] = answer.json()["items"]
        assert (unsent["to"], unsent["state"], unsent["occasion"]) == (
            TO,
            "unsure",
            "order N00000001",
        )
        assert "marker" not in answer.text
        assert (await client.post("/lab/mail/outbox/1/resend")).status_code == 204
        assert (await client.post("/lab/mail/outbox/1/resend")).status_code == 409
        assert (await client.get("/lab/mail/outbox")).json()["items"][0]["state"] == "waiting"


class TestForPeople:
    """The pages: a stranger's text can do nothing in them."""

    async def test_an_empty_box_says_so(self, client: httpx2.AsyncClient) -> None:
        for path in ("/lab/mail/", "/lab/mail/page"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert "まだ何も届いていません" in answer.text

    async def test_the_newest_is_open_and_its_code_stands_out(
        self, client: httpx2.AsyncClient, caught: CaughtMails
    ) -> None:
        await caught.take("a@b.example", (TO,), message("first", "x"))
        await caught.take("a@b.example", (TO,), message("second", "コード 048291"))
        page = (await client.get("/lab/mail/page")).text
        assert "<output>048291</output>" in page
        assert "<h2>second</h2>" in page
        assert page.index("second") < page.index("first")
        other = (await client.get("/lab/mail/page/1")).text
        assert "<h2>first</h2>" in other

    async def test_nothing_of_a_mail_becomes_markup(
        self, client: httpx2.AsyncClient, caught: CaughtMails
    ) -> None:
        raw = message(f"{SCRIPT}件名", SCRIPT, SCRIPT)
        await caught.take(f'"{SCRIPT}"@x', (f"{SCRIPT}@x",), raw)
        page = await client.get("/lab/mail/page?to=")
        assert SCRIPT not in page.text
        assert "<b>.pdf" not in page.text
        filtered = await client.get("/lab/mail/page", params={"to": f'">{SCRIPT}'})
        assert SCRIPT not in filtered.text

    async def test_the_page_runs_and_loads_its_own_alone(
        self, client: httpx2.AsyncClient, caught: CaughtMails
    ) -> None:
        await caught.take("a@b.example", (TO,), message("x", "y", SCRIPT))
        page = await client.get("/lab/mail/page")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert not re.search(r"""(?:src|href)=["'](?!/lab/mail|data:,)""", page.text)
        framed = await client.get("/lab/mail/page/1/html")
        assert framed.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert 'sandbox=""' in page.text

    async def test_only_a_page_of_ours_may_erase(
        self, client: httpx2.AsyncClient, caught: CaughtMails
    ) -> None:
        await caught.take("a@b.example", (TO,), message("x", "y"))
        for origin in (None, "null", "https://evil.example", "http://127.0.0.1:9090"):
            headers = {"Origin": origin} if origin else {}
            refused = await client.post("/lab/mail/page/erase", headers=headers)
            assert refused.status_code == 403
        assert len(await caught.list()) == 1
        done = await client.post("/lab/mail/page/erase", headers={"Origin": HERE})
        assert (done.status_code, done.headers["location"]) == (303, "/lab/mail/page")
        assert await caught.list() == ()


class TestCommands:
    """`tokuban mail` against a served mailbox."""

    @pytest.fixture
    async def url(self, app: FastAPI) -> AsyncIterator[str]:
        web = WebPart(app, "127.0.0.1", 0)
        await web.start()
        yield f"http://127.0.0.1:{web.port}"
        await web.stop(2)

    async def test_list_show_code_and_clear(self, url: str, caught: CaughtMails) -> None:
        raw = message("件名", "認証コード　048291")
        await caught.take("ci@app.example", (TO,), raw)
        listed = await run("list", "--url", url)
        assert "件名" in listed
        assert "2026-07-25 09:00" in listed
        shown = await run("show", "1", "--url", url)
        assert "Subject:  件名" in shown
        assert "認証コード　048291" in shown
        assert await run("show", "1", "--raw", "--url", url) == raw.decode()
        assert await run("code", "--to", TO, "--url", url) == "048291\n"
        assert await run("clear", "--url", url) == "1 erased\n"

    async def test_a_code_that_comes_later_is_waited_for(
        self, url: str, caught: CaughtMails
    ) -> None:
        asking = asyncio.create_task(run("code", "--wait", "30", "--url", url))
        await caught.take("a@b.example", (TO,), message("x", "code: 774411"))
        assert await asking == "774411\n"

    async def test_the_outbox(self, url: str, post: Post) -> None:
        outbox: Outbox = post.outbox()
        await outbox.send(Mail(TO, "subject", "text"), key="order N00000001")
        assert "order N00000001" in await run("outbox", "--json", "--url", url)

    async def test_no_code_is_said(
        self, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr("sys.argv", ["tokuban", "mail", "code", "--url", url])
        with pytest.raises(SystemExit):
            await asyncio.to_thread(main)
        assert "no mail with a code has come" in capsys.readouterr().err


async def run(*words: str) -> str:
    """What a command prints."""
    result = await asyncio.to_thread(CliRunner().invoke, tokuban, ["mail", *words])
    assert result.exit_code == 0, result.output
    return str(result.output)
