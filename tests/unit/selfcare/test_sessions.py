"""Sessions: new at login, idle-out, absolute life, ended by whoever may end them."""

import pytest

from provisioning.selfcare.model import SessionGone
from tests.support.selfcare import CUSTOMER, HOME, ID, OPERATOR, PASSWORD, Counter, open_counter

pytestmark = [
    pytest.mark.rule("N050-05"),
    # Plain rows and instants: where the databases differ (locks, conflicts) the other files look.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


async def test_each_login_has_a_cookie_of_its_own_and_ends_the_browsers_former_one(
    counter: Counter,
) -> None:
    first, _ = await counter.log_in()
    other_browser, _ = await counter.log_in()
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    second, _ = await counter.selfcare.finish(
        ticket.value, counter.letterbox.code_seen, address=HOME, former=first
    )
    assert len({first, other_browser, second}) == 3
    alive = [await counter.selfcare.session(each) for each in (first, other_browser, second)]
    assert [each is not None for each in alive] == [False, True, True]


async def test_neither_ticket_nor_device_nor_hash_is_a_session(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    cookie, session = await counter.selfcare.finish(
        ticket.value, counter.letterbox.code_seen, address=HOME
    )
    for forged in (ticket.value, session.device, session.id_hash, session.csrf, "", cookie[:-1]):
        assert await counter.selfcare.session(forged) is None


async def test_a_session_that_is_not_used_ends(counter: Counter) -> None:
    cookie, _ = await counter.log_in()
    for _ in range(4):
        counter.wall += 800
        assert await counter.selfcare.session(cookie) is not None
    counter.wall += 900
    assert await counter.selfcare.session(cookie) is None


async def test_a_look_without_touch_keeps_no_session_alive(counter: Counter) -> None:
    cookie, _ = await counter.log_in()
    counter.wall += 800
    assert await counter.selfcare.session(cookie, touch=False) is not None
    counter.wall += 100
    assert await counter.selfcare.session(cookie) is None


async def test_a_busy_session_ends_after_eight_hours(counter: Counter) -> None:
    cookie, _ = await counter.log_in()
    for _ in range(35):
        counter.wall += 800
        assert await counter.selfcare.session(cookie) is not None
    counter.wall += 800
    assert await counter.selfcare.session(cookie) is None


async def test_business_time_ends_no_session(counter: Counter) -> None:
    cookie, _ = await counter.log_in()
    counter.business += 365 * 86_400
    assert await counter.selfcare.session(cookie) is not None


async def test_a_wall_clock_set_back_ends_sessions(counter: Counter) -> None:
    cookie, _ = await counter.log_in()
    counter.wall -= 10_800
    assert await counter.selfcare.session(cookie) is None


async def test_logging_out_ends_it_everywhere_at_once(database_url: str) -> None:
    async with open_counter(database_url) as counter:
        cookie, _ = await counter.log_in()
        other_node = Counter(counter.database)
        assert await other_node.selfcare.session(cookie) is not None
        await counter.selfcare.logout(cookie)
        assert await other_node.selfcare.session(cookie) is None
        await counter.selfcare.logout(cookie)
        other_node.selfcare.close()


async def test_sessions_that_ended_are_removed(counter: Counter) -> None:
    idle, _ = await counter.log_in()
    counter.wall += 600
    busy, _ = await counter.log_in()
    counter.wall += 600
    await counter.selfcare.run_due(counter.business)
    counter.wall -= 600
    assert await counter.selfcare.session(idle) is None
    assert await counter.selfcare.session(busy) is not None


async def test_form_tokens_belong_to_their_session(counter: Counter) -> None:
    _, mine = await counter.log_in()
    _, other = await counter.log_in()
    tokens = {await counter.selfcare.form_token(mine) for _ in range(10)}
    assert len(tokens) == 10
    for token in tokens:
        assert await counter.selfcare.is_form_token(mine, token)
        assert not await counter.selfcare.is_form_token(other, token)
        assert not await counter.selfcare.is_form_token(mine, token[:-1])
    for forged in ("", ".", "x", "\ud800.x"):
        assert not await counter.selfcare.is_form_token(mine, forged)


async def test_a_session_that_ended_changes_nothing(counter: Counter) -> None:
    cookie, session = await counter.log_in()
    await counter.selfcare.logout(cookie)
    with pytest.raises(SessionGone):
        await counter.selfcare.change_password(
            session, PASSWORD, "another-password-3", origin=CUSTOMER
        )
    with pytest.raises(SessionGone):
        await counter.selfcare.change_mail(
            session, "new@customer.example", PASSWORD, origin=CUSTOMER
        )
    await counter.log_in()


async def test_a_reset_ends_every_session(counter: Counter) -> None:
    cookie, _ = await counter.log_in()
    await counter.selfcare.reset(counter.contracts[0], origin=OPERATOR)
    assert await counter.selfcare.session(cookie) is None
