"""API tokens and answers kept under a key, on both databases."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from provisioning.audit.model import Origin
from provisioning.contract import OutOfRange, StorageUnavailable
from provisioning.db.connection import Connection
from provisioning.db.unit_of_work import Database
from provisioning.office import Office, OfficeSettings
from provisioning.tokens.answers import (
    ANSWERED_WITHIN_S,
    KEPT_S,
    Answer,
    AnswerLost,
    Answers,
    InFlight,
    Key,
    KeyReused,
)
from provisioning.tokens.model import MoreThanOwn, Scope, UnknownToken, covers
from provisioning.tokens.service import Tokens

OPERATOR = Origin("tests", "here")
KEY = Key("api", "/v1/customers", "k-1")
SENT = b"POST body with a password marker-1234"
FIRST = Answer(201, "/v1/customers/C00000001", '{"id": "C00000001"}')


class Wall:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def tokens(office: Office, wall: Wall) -> Tokens:
    return Tokens(office._database, office.audit, wall)


def answers_of(office: Office, wall: Wall) -> Answers:
    return Answers(office._database, lambda data: f"digest of {len(data)} {hash(data)}", wall)


@pytest.fixture
def answers(office: Office, wall: Wall) -> Answers:
    return answers_of(office, wall)


def _files(folder: Path) -> bytes:
    """All that a data folder holds."""
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


class TestTokens:
    async def test_a_secret_opens_what_its_scopes_say(self, tokens: Tokens, wall: Wall) -> None:
        made = await tokens.create("shop", [Scope.ORDERS_WRITE, Scope.LAB], origin=OPERATOR)
        found = await tokens.check(made.secret)
        assert found is not None
        assert (found.id, found.scopes) == (
            "T00000001",
            frozenset({Scope.ORDERS_WRITE, Scope.LAB}),
        )
        assert (await tokens.get("T00000001")).last_used_at == wall.now
        assert [covers(found.scopes, each) for each in (Scope.ORDERS_READ, Scope.LINES_READ)] == [
            True,
            False,
        ]

    async def test_a_changed_secret_opens_nothing(self, tokens: Tokens) -> None:
        made = await tokens.create("shop", [Scope.LAB], origin=OPERATOR)
        for forged in (made.secret[:-1], made.secret + "A", made.secret.upper(), "", "\udcff"):
            assert await tokens.check(forged) is None

    async def test_it_expires_and_is_revoked(self, tokens: Tokens, wall: Wall) -> None:
        brief = await tokens.create("brief", [Scope.LAB], lives_s=60, origin=OPERATOR)
        gone = await tokens.create("gone", [Scope.LAB], origin=OPERATOR)
        first = await tokens.revoke(gone.token.id, origin=OPERATOR)
        wall.now += 59
        assert await tokens.check(gone.secret) is None
        assert await tokens.check(brief.secret) is not None
        wall.now += 1
        assert await tokens.check(brief.secret) is None
        assert await tokens.revoke(gone.token.id, origin=OPERATOR) == first

    async def test_use_is_noted_to_the_minute(self, tokens: Tokens, wall: Wall) -> None:
        made = await tokens.create("busy", [Scope.LAB], origin=OPERATOR)
        began = wall.now
        for passed, noted in ((0, 0), (59, 0), (60, 60), (70, 60)):
            wall.now = began + passed
            await tokens.check(made.secret)
            assert (await tokens.get(made.token.id)).last_used_at == began + noted

    async def test_storage_that_takes_no_write_still_knows_a_token(
        self, tokens: Tokens, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await tokens.create("reader", [Scope.LAB], origin=OPERATOR)

        async def full(*_: object, **__: object) -> None:
            raise StorageUnavailable("the disk is full")

        monkeypatch.setattr(office._database, "write", full)
        assert await tokens.check(made.secret) is not None

    async def test_nobody_hands_on_what_they_lack(self, tokens: Tokens) -> None:
        held = {Scope.TOKENS_WRITE, Scope.LINES_WRITE}
        with pytest.raises(MoreThanOwn, match="numbers:write"):
            await tokens.create("up", [Scope.NUMBERS_WRITE], held=held, origin=OPERATOR)
        assert await tokens.list() == []
        await tokens.create("same", [Scope.LINES_READ], held=held, origin=OPERATOR)

    async def test_a_token_without_scope_or_life_is_refused(self, tokens: Tokens) -> None:
        for scopes, lives_s in (([], None), ([Scope.LAB], 0.0)):
            with pytest.raises(OutOfRange):
                await tokens.create("none", scopes, lives_s=lives_s, origin=OPERATOR)

    @pytest.mark.parametrize("name", ["T1", "T000000001", "T00000009", "", "x", "T9999999999"])
    async def test_an_unknown_one_is_refused(self, tokens: Tokens, name: str) -> None:
        with pytest.raises(UnknownToken):
            await tokens.get(name)
        with pytest.raises(UnknownToken):
            await tokens.revoke(name, origin=OPERATOR)

    async def test_they_are_listed_behind_one_another(self, tokens: Tokens) -> None:
        for name in "abc":
            await tokens.create(name, [Scope.LAB], origin=OPERATOR)
        assert [each.name for each in await tokens.list(limit=2)] == ["a", "b"]
        assert [each.name for each in await tokens.list(after="T00000002")] == ["c"]
        assert await tokens.list(after="T9999999999") == []

    async def test_making_and_revoking_is_audited_without_the_secret(
        self, tokens: Tokens, office: Office
    ) -> None:
        made = await tokens.create("shop", [Scope.LAB], origin=OPERATOR)
        await tokens.revoke(made.token.id, origin=OPERATOR)
        changes = (await office.audit.search(subject=made.token.id)).items
        assert [each.after for each in changes] == ["revoked", "shop: lab"]
        assert made.secret not in repr((changes, made))

    async def test_the_files_hold_no_secret(self, tmp_path: Path) -> None:
        office = await Office.open(OfficeSettings(tmp_path, "tokuban"))
        made = await office.tokens.create("shop", [Scope.LAB], origin=OPERATOR)
        await office.tokens.check(made.secret)
        await office.close()
        kept = _files(tmp_path)
        assert b"shop" in kept
        assert made.secret.encode() not in kept


async def change(database: Database, name: str) -> None:
    """Something a request changes: a line's message area."""

    async def work(connection: Connection) -> None:
        await connection.execute(text("UPDATE lines SET ma = :ma"), {"ma": name})

    await database.write(work)


async def area(database: Database) -> str:
    async def work(connection: Connection) -> str:
        return str((await connection.execute(text("SELECT max(ma) FROM lines"))).scalar_one())

    return await database.read(work)


async def earlier(answers: Answers, key: Key, request: bytes) -> Answer | None:
    """What a request that changes nothing is answered for an earlier one."""
    async with answers.attempt(key, request) as attempt:
        return attempt.earlier


class TestAnswers:
    async def test_the_first_answer_is_given_again(self, office: Office, answers: Answers) -> None:
        async with answers.attempt(KEY, SENT) as attempt:
            assert attempt.earlier is None
            await change(office._database, "once")
            await answers.keep(attempt, FIRST)
        async with answers.attempt(KEY, SENT) as attempt:
            assert attempt.earlier == FIRST

    async def test_another_request_with_the_key_is_refused(self, answers: Answers) -> None:
        async with answers.attempt(KEY, SENT) as attempt:
            await answers.keep(attempt, FIRST)
        with pytest.raises(KeyReused):
            await earlier(answers, KEY, SENT + b"!")
        for other in (Key("api", KEY.route, "k-2"), Key("token T00000001", KEY.route, KEY.key)):
            assert await earlier(answers, other, SENT + b"!") is None

    async def test_while_the_first_is_answered_the_second_waits(self, answers: Answers) -> None:
        async with answers.attempt(KEY, SENT):
            with pytest.raises(InFlight):
                await earlier(answers, KEY, SENT)
        assert await earlier(answers, KEY, SENT) is None

    async def test_two_processes_change_it_once(self, office: Office, wall: Wall) -> None:
        """Each has its own memory; the row of the key decides between them."""
        both = [answers_of(office, wall) for _ in range(2)]

        async def ask(mine: Answers, name: str) -> str:
            async with mine.attempt(KEY, SENT) as attempt:
                if attempt.earlier is None:
                    await change(office._database, name)
                    await mine.keep(attempt, FIRST)
                    return name
                return "the first answer"

        done = await asyncio.gather(ask(both[0], "一"), ask(both[1], "二"), return_exceptions=True)
        winner = await area(office._database)
        assert winner in done
        (other,) = [each for each in done if each != winner]
        assert other == "the first answer" or isinstance(other, InFlight)

    async def test_what_failed_may_be_tried_again(self, office: Office, answers: Answers) -> None:
        async def refused(_connection: Connection) -> None:
            raise OutOfRange("after the key was claimed")

        with pytest.raises(OutOfRange):
            async with answers.attempt(KEY, SENT):
                await office._database.write(refused)
        assert await earlier(answers, KEY, b"corrected") is None

    async def test_a_crash_before_the_answer_is_told(self, office: Office, wall: Wall) -> None:
        """The change and its key are kept together, so that it is never made twice."""
        async with answers_of(office, wall).attempt(KEY, SENT):
            await change(office._database, "kept")
        with pytest.raises(InFlight):
            await earlier(answers_of(office, wall), KEY, SENT)
        wall.now += ANSWERED_WITHIN_S
        with pytest.raises(AnswerLost):
            await earlier(answers_of(office, wall), KEY, SENT)

    async def test_it_survives_a_restart_and_ends_with_its_life(
        self, office: Office, answers: Answers, wall: Wall
    ) -> None:
        async with answers.attempt(KEY, SENT) as attempt:
            await answers.keep(attempt, FIRST)
        wall.now += KEPT_S - 1
        assert await earlier(answers_of(office, wall), KEY, SENT) == FIRST
        wall.now += 1
        async with answers.attempt(KEY, b"another") as attempt:
            assert attempt.earlier is None
            await change(office._database, "anew")
            await answers.keep(attempt, FIRST)
        assert await earlier(answers, KEY, b"another") == FIRST

    async def test_a_task_that_outlives_its_request_takes_no_key_along(
        self, office: Office, answers: Answers
    ) -> None:
        go = asyncio.Event()

        async def later() -> None:
            await go.wait()
            await change(office._database, "later")

        async with answers.attempt(KEY, SENT):
            task = asyncio.create_task(later())
            await asyncio.sleep(0)
        go.set()
        await task
        assert await earlier(answers, KEY, SENT) is None

    async def test_only_a_keyed_digest_of_the_request_is_kept(self, tmp_path: Path) -> None:
        office = await Office.open(OfficeSettings(tmp_path, "tokuban"))
        async with office.answers.attempt(KEY, SENT) as attempt:
            await office.answers.keep(attempt, FIRST)
        await office.close()
        kept = _files(tmp_path)
        assert KEY.route.encode() in kept
        assert b"marker-1234" not in kept
