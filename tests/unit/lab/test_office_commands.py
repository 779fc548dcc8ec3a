"""The office's commands: what they ask, what they print, and what a person is told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from lab import tables
from lab.cli import app
from lab.errors import Refused, TurnedDown, Unreachable

NOBODY = "http://127.0.0.1:9"

COMMANDS = (
    ("customer", "list"),
    ("customer", "show", "C00000001"),
    ("customer", "change", "C00000001", "--mail", "a@b.example"),
    ("contract", "list"),
    ("contract", "plans"),
    ("contract", "cap", "K00000001", "60"),
    ("contract", "close", "K00000001"),
    ("contract", "login", "K00000001"),
    ("line", "list"),
    ("line", "show", "09000000001"),
    ("line", "remove", "09000000001"),
    ("line", "add-account", "09000000001", "added"),
    ("line", "reset-account", "added"),
    ("line", "remove-account", "added"),
    ("number", "list"),
    ("number", "blocks"),
    ("number", "load", "05000000000", "05000000099"),
    ("number", "reserve", "05000000001"),
    ("number", "release", "05000000001"),
    ("number", "cancel", "05000000001", "--form", "F"),
    ("number", "reset-password", "05000000001"),
    ("order", "list"),
    ("order", "show", "N00000001"),
    ("order", "place", "K00000001", "3"),
    ("token", "create", "shop", "--scope", "lab"),
    ("token", "list"),
    ("token", "revoke", "T00000001"),
    ("trunk", "list"),
    ("trunk", "show", "other"),
    ("trunk", "add", "other", "--class", "mobile", "--peer", "192.0.2.1"),
    ("trunk", "remove", "other"),
    ("message", "list"),
    ("message", "send", "09000000001", "hello"),
    ("line", "sources", "0300000003"),
    ("audit",),
    ("cdr", "list"),
    ("cdr", "export"),
    ("calls",),
    ("events", "-f"),
)


class Asked:
    """The requests a carrier was sent, and what it answers."""

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self.answers, self.status = list(answers), status
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []


@contextmanager
def carrier(asked: Asked) -> Iterator[str]:
    """A server that notes what it is asked; the last answer is given for ever."""

    class Noting(BaseHTTPRequestHandler):
        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            sent = json.loads(body) if body else None
            asked.requests.append((self.command, self.path, dict(self.headers.items()), sent))
            answer = asked.answers.pop(0) if len(asked.answers) > 1 else asked.answers[0]
            content = json.dumps(answer).encode()
            self.send_response(asked.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Noting)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(*words: str) -> str:
    ended = CliRunner().invoke(app, list(words))
    if isinstance(ended.exception, Refused):
        raise ended.exception
    assert ended.exit_code == 0, ended.output
    return ended.stdout


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_without_a_carrier_each_says_what_to_do(words: tuple[str, ...]) -> None:
    with pytest.raises(Unreachable, match="start it with `tokuban up`") as refused:
        run(*words, "--url", NOBODY)
    assert refused.value.status == 3


def test_an_order_that_nobody_answered_can_be_repeated_safely() -> None:
    with pytest.raises(Unreachable, match="`--key k-1` the same order is never placed twice"):
        run("order", "place", "K00000001", "3", "--key", "k-1", "--url", NOBODY)


def test_a_refusal_is_told_in_the_carrier_s_words_and_by_field() -> None:
    wrong = {"detail": "see errors", "errors": [{"field": "body.count", "reason": "too many"}]}
    for answer, said in (
        ({"detail": "the contract is closed"}, "is closed"),
        (wrong, "body.count"),
    ):
        with carrier(Asked(answer, status=409)) as url:
            with pytest.raises(TurnedDown, match=said) as refused:
                run("order", "place", "K00000001", "3", "--url", url)
            assert refused.value.status == 1


def test_every_fault_of_a_set_up_is_told_on_a_line_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text("{}")
    faults = [
        {"field": "groups", "reason": "Name one.", "rule": "FREE-01", "ja": "回線がありません。"},
        {"field": "options", "reason": "Not both.", "rule": "FREE-11", "ja": "併用できません。"},
    ]
    asked = Asked({"detail": "see errors", "errors": faults}, status=422)
    with carrier(asked) as url, pytest.raises(TurnedDown) as refused:
        run("freephone", "change", "0120000003", str(file), "--url", url)
    first, *others = str(refused.value).splitlines()
    assert first.endswith("/v1/freephones/0120000003: 422 for 2 reasons:")
    assert others == [
        "  groups: Name one. (FREE-01: 回線がありません。)",
        "  options: Not both. (FREE-11: 併用できません。)",
    ]


def test_a_trunk_is_made_of_what_was_given() -> None:
    asked = Asked({"name": "other", "password": "shown-once"})
    words = ("--class", "mobile", "--peer", "192.0.2.1", "--peer", "192.0.2.2", "--trusted")
    with carrier(asked) as url:
        assert "shown-once" in run("trunk", "add", "other", *words, "--prefix", "+", "--url", url)
        run("line", "sources", "0300000003", "--source", "192.0.2.0/29", "--url", url)
    (made, _), (changed, sent) = ((each[:2], each[3]) for each in asked.requests)
    assert made == ("POST", "/v1/trunks")
    assert asked.requests[0][3] == {
        "name": "other",
        "caller_class": "mobile",
        "peers": ["192.0.2.1", "192.0.2.2"],
        "prefixes": ["+"],
        "trusted": True,
    }
    assert changed == ("PUT", "/v1/accounts/0300000003/sources")
    assert sent == {"sources": ["192.0.2.0/29"]}


def test_a_message_is_sent_and_listed() -> None:
    asked = Asked({"id": 1, "items": [], "next": None})
    with carrier(asked) as url:
        run("message", "send", "09000000001", "今日は", "--from", "171", "--url", url)
        run("message", "list", "--to", "09000000001", "--state", "waiting", "--url", url)
    (method, path, _, sent), (_, listed, _, _) = asked.requests
    assert (method, path) == ("POST", "/v1/messages")
    assert sent == {"to": "09000000001", "text": "今日は", "sender": "171"}
    filters = {"to": ["09000000001"], "state": ["waiting"], "limit": ["100"]}
    assert parse_qs(urlsplit(listed).query) == filters


def test_a_trunk_is_shown_with_where_it_is_registered() -> None:
    there = {"contact": "sip:x@192.0.2.1", "expires_at": "2026-01-01T00:00:00Z", "flow": "udp:x"}
    asked = Asked({"name": "other", "account": "other"}, {"items": [there], "next": None})
    with carrier(asked) as url:
        assert "sip:x@192.0.2.1" in run("trunk", "show", "other", "--url", url)
    assert [path.partition("?")[0] for _, path, _, _ in asked.requests] == [
        "/v1/trunks/other", "/v1/trunks/other/registrations",
    ]  # fmt: skip


def test_each_post_has_a_key_of_its_own() -> None:
    asked = Asked({"id": "K00000001", "numbers": []})
    with carrier(asked) as url:
        for _ in range(2):
            run("order", "place", "K00000001", "3", "--url", url)
        run("order", "place", "K00000001", "3", "--key", "mine", "--url", url)
    keys = [headers["Idempotency-Key"] for _, _, headers, _ in asked.requests]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"
    assert asked.requests[0][3] == {"contract": "K00000001", "count": 3}


def test_words_stay_one_part_of_the_path() -> None:
    asked = Asked({"id": "x"})
    with carrier(asked) as url:
        for word in ("../tokens", "a/b?c#d", "%2e%2e", "", "特番"):
            run("customer", "show", word, "--url", url)
    parts = [path.split("/") for _, path, _, _ in asked.requests]
    assert {len(each) for each in parts} == {4}
    assert not any("?" in each[3] or "#" in each[3] for each in parts)


TOKEN = ("id", "name", "scopes", "expires_at", "revoked_at", "last_used_at")


def test_a_list_is_read_page_after_page() -> None:
    pages = [
        {"items": [dict.fromkeys(TOKEN, "x") | {"id": f"B{n}"}], "next": after}
        for n, after in ((1, "B1"), (2, "B2"), (3, None))
    ]
    asked = Asked(*pages)
    with carrier(asked) as url:
        text = run("token", "list", "--url", url)
    assert [word for word in text.split() if word.startswith("B")] == ["B1", "B2", "B3"]
    queries = [parse_qs(urlsplit(path).query) for _, path, _, _ in asked.requests]
    assert [query.get("after") for query in queries] == [None, ["B1"], ["B2"]]


def test_filters_are_escaped_and_limits_kept() -> None:
    items = [dict.fromkeys(("id", "kind", "name", "mail", "phone"), "x")] * 5
    asked = Asked({"items": items, "next": "x"})
    with carrier(asked) as url:
        text = run(
            "customer", "list", "--name", "特番&after=x", "--limit", "5", "--json", "--url", url
        )
    assert len(json.loads(text)) == 5
    ((_, path, _, _),) = asked.requests
    assert parse_qs(urlsplit(path).query) == {"name": ["特番&after=x"], "limit": ["5"]}


def test_json_is_the_carrier_s_own() -> None:
    customer = {"id": "C00000001", "name": "特番 [red]&", "options": ["a"], "at": None}
    with carrier(Asked(customer)) as url:
        assert json.loads(run("customer", "show", "C00000001", "--json", "--url", url)) == customer


@pytest.mark.parametrize(
    "answer", [{"items": 3, "next": None}, {"next": None}, {"items": [{}]}, []]
)
def test_an_answer_of_another_program(answer: Any) -> None:
    with (
        carrier(Asked(answer)) as url,
        pytest.raises(Refused, match="does not answer as a carrier"),
    ):
        run("customer", "list", "--url", url)


def test_a_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    nasty = "a\x1b[31mred\x07\r\n[bold]b[/bold] \u202eo :smile:"
    tables.show_one({"name": nasty})
    tables.show_list([{"name": nasty}], ["name"])
    shown = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\r", "\u202e"} & set(shown)
    assert shown.count("[bold]b[/bold]") == 2
    assert shown.count(":smile:") == 2


def test_instants_are_shown_as_japan_s(capsys: pytest.CaptureFixture[str]) -> None:
    tables.show_one({"at": "2026-07-24T15:00:00.25Z", "name": "2026-07-24", "none": None})
    assert [line.split(maxsplit=1)[1:] for line in capsys.readouterr().out.splitlines()] == [
        ["2026-07-25 00:00:00"],
        ["2026-07-24"],
        [],
    ]


def test_a_letter_is_asked_for_only_when_it_can_be_kept(tmp_path: Path) -> None:
    there = tmp_path / "there.pdf"
    there.write_bytes(b"mine")
    asked = Asked({"detail": "handed out"}, status=410)
    with carrier(asked) as url:
        for place in (there, tmp_path / "no" / "such.pdf"):
            with pytest.raises(Refused, match="name a file that can be made"):
                run("order", "letter", "N00000001", str(place), "--url", url)
        assert (asked.requests, there.read_bytes()) == ([], b"mine")
        with pytest.raises(TurnedDown, match="handed out"):
            run("order", "letter", "N00000001", str(tmp_path / "new.pdf"), "--url", url)
    assert not (tmp_path / "new.pdf").exists()
