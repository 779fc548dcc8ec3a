"""Guessing is slowed down, in the database itself, and keeps no owner out for good."""

import asyncio

import pytest
from sqlalchemy import text

from provisioning import passwords
from provisioning.db.unit_of_work import Database
from provisioning.selfcare.model import Limits, Slowdown, Ticket, TooManyTries
from tests.support.selfcare import (
    HOME,
    ID,
    OPERATOR,
    PASSWORD,
    STRANGER,
    Counter,
    open_counter,
)

pytestmark = pytest.mark.rule("N050-05")


async def test_twenty_parallel_passwords_are_five_tries(counter: Counter) -> None:
    begun = [
        counter.selfcare.begin(ID, f"guess-number-{n}", address=f"198.51.100.{n}")
        for n in range(20)
    ]
    outcomes = await asyncio.gather(*begun, return_exceptions=True)
    assert sum(isinstance(each, Ticket) for each in outcomes) == 5
    assert sum(isinstance(each, TooManyTries) for each in outcomes) == 15


async def test_the_limit_holds_across_restarts(database_url: str) -> None:
    async with open_counter(database_url) as counter:
        for _ in range(5):
            assert await counter.try_password("wrong-password-1")
        again = Counter(counter.database)
        assert not await again.try_password("wrong-password-1")
        again.selfcare.close()


async def test_an_unknown_id_is_slowed_down_alike(counter: Counter) -> None:
    for login in (ID, "nobody-here"):
        taken = [
            await counter.try_password("wrong-password-1", f"198.51.100.{n}", login)
            for n in range(7)
        ]
        assert taken == [True] * 5 + [False] * 2


async def test_a_refused_try_makes_the_wait_no_longer(counter: Counter) -> None:
    for _ in range(5):
        await counter.try_password("wrong-password-1")
    for passed in (10, 10, 9.5):
        counter.passes(passed)
        assert not await counter.try_password("wrong-password-1")
    counter.passes(0.5)
    assert await counter.try_password("wrong-password-1")
    with pytest.raises(TooManyTries) as refused:
        await counter.selfcare.begin(ID, PASSWORD, address=STRANGER)
    assert refused.value.retry_after_s == 60


async def test_logins_and_guesses_at_once_never_wait_for_each_other(database_url: str) -> None:
    """No two units of work lock the same rows in another order."""
    patient = Slowdown(free=1000, first_s=1, longest_s=1)
    async with open_counter(database_url, Limits(account=patient, address=patient)) as counter:
        for _ in range(4):
            ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
            code = counter.letterbox.code_seen
            guesses = [counter.try_password("wrong-password-1", HOME) for _ in range(6)]
            other = await counter.selfcare.begin(ID, "wrong-password-1", address=HOME)
            (_, session), taken, *_ = await asyncio.gather(
                counter.selfcare.finish(ticket.value, code, address=HOME),
                asyncio.gather(*guesses),
                counter.selfcare.resend(other.value, address=HOME),
                counter.selfcare.run_due(counter.business),
            )
            assert session.selfcare_id == ID
            assert taken == [True] * 6


async def test_one_address_is_slowed_down_over_all_ids(counter: Counter) -> None:
    taken = [await counter.try_password("wrong-password-1", login=f"login-{n}") for n in range(22)]
    assert taken == [True] * 20 + [False] * 2
    assert await counter.try_password("wrong-password-1", address=HOME)


async def test_an_office_behind_one_address_logs_in_all_day(counter: Counter) -> None:
    """A login that succeeds gives back what it counted."""
    for _ in range(25):
        await counter.log_in()
        counter.passes(1)


async def test_a_stranger_keeps_no_owner_out(counter: Counter) -> None:
    """A stranger tries each second for two minutes; the owner's own browser never waits."""
    cookie, session = await counter.log_in()
    await counter.selfcare.logout(cookie)
    for _ in range(120):
        await counter.try_password("wrong-password-1")
        counter.passes(1)
    _, session = await counter.log_in(device=session.device)
    assert session.selfcare_id == ID


async def test_a_stranger_behind_the_same_address_keeps_no_owner_out(counter: Counter) -> None:
    _, session = await counter.log_in(HOME)
    while await counter.try_password("wrong-password-1", HOME, login="nobody-here"):
        counter.passes(901)
    while await counter.try_password("wrong-password-1", HOME):
        pass
    _, session = await counter.log_in(HOME, device=session.device)
    assert session.selfcare_id == ID


async def test_even_a_new_browser_gets_its_turn(counter: Counter) -> None:
    """One address waits longer than the ID does, so its attack leaves gaps."""
    for _ in range(40):
        while await counter.try_password("wrong-password-1"):
            pass
        counter.passes(900)
        if await counter.try_password("owner-from-abroad", address=HOME):
            return
    pytest.fail("the owner was kept out for ten hours")


async def test_a_known_browser_has_the_same_number_of_tries(counter: Counter) -> None:
    _, session = await counter.log_in()
    taken = [
        await counter.try_password("wrong-password-1", HOME, device=session.device)
        for _ in range(7)
    ]
    assert taken == [True] * 5 + [False] * 2


async def test_a_browser_known_to_one_login_is_a_stranger_to_another(counter: Counter) -> None:
    _, session = await counter.log_in()
    for _ in range(5):
        await counter.try_password("wrong-password-1", login="other-login")
    assert not await counter.try_password(
        "wrong-password-1", HOME, "other-login", device=session.device
    )


async def test_a_browser_is_forgotten_after_half_a_year(counter: Counter) -> None:
    _, session = await counter.log_in()
    counter.passes(counter.limits.device_life_s)
    for _ in range(5):
        await counter.try_password("wrong-password-1")
    assert not await counter.try_password("wrong-password-1", HOME, device=session.device)


async def test_the_operator_ends_a_wait(counter: Counter) -> None:
    for _ in range(6):
        await counter.try_password("wrong-password-1")
    new = await counter.selfcare.reset(counter.contracts[0], origin=OPERATOR)
    assert await counter.try_password(new.password, address=HOME)
    assert counter.letterbox.mails[-1].kind == "code"


async def test_a_try_that_was_delayed_is_in_the_audit(counter: Counter) -> None:
    for _ in range(5):
        await counter.try_password("wrong-password-1")
    assert [change.after for change in await counter.told()][-2:] == ["", "next try in 30 s"]


async def test_what_no_longer_counts_is_removed(counter: Counter) -> None:
    await counter.try_password("wrong-password-1")
    counter.passes(86_401)
    await counter.try_password("wrong-password-1", address=HOME, login="nobody-here")
    await counter.selfcare.run_due(counter.business + 600)
    assert await _rows(counter.database, "selfcare_tries") == 2
    assert await _rows(counter.database, "selfcare_tickets") == 0


async def test_an_unknown_id_costs_the_same_work(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One verification of equal cost, and the same statements on the database."""
    verified = []
    fits = passwords.fits

    async def counted(stored: str, password: str, pool: object = None) -> bool:
        verified.append(stored.rpartition("$")[0].rpartition("$")[0])
        return await fits(stored, password)

    monkeypatch.setattr(passwords, "fits", counted)
    statements = []
    for login in (ID, "nobody-here"):
        with counter.statements() as seen:
            await counter.try_password("wrong-password-1", login=login)
        statements.append(seen)
    assert verified == ["$argon2id$v=19$m=19456,t=2,p=1"] * 2
    assert statements[0] == statements[1]
    assert len(statements[0]) > 5


async def _rows(database: Database, table: str) -> int:
    query = text(f"SELECT count(*) FROM {table}")
    found: int = await database.read(lambda connection: connection.scalar(query)) or 0
    return found
