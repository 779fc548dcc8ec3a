"""Login in two steps: ID and password, then the mailed code (N050-05)."""

import asyncio
import re

import pytest

from provisioning.audit import model as audit
from provisioning.contract import Language
from provisioning.selfcare.model import (
    Limits,
    Slowdown,
    TicketGone,
    TooManyTries,
    WrongCode,
)
from tests.support.selfcare import (
    HOME,
    ID,
    MAIL,
    OPERATOR,
    OTHER_ID,
    OTHER_PASSWORD,
    PASSWORD,
    STRANGER,
    Counter,
    open_counter,
    wrong,
)

pytestmark = pytest.mark.rule("N050-05")


async def test_password_then_code_opens_the_contract(counter: Counter) -> None:
    cookie, session = await counter.log_in()
    assert (session.selfcare_id, session.contract) == (ID, counter.contracts[0])
    assert session.customer == (await counter.customers.contract(session.contract)).customer
    found = await counter.selfcare.session(cookie)
    assert found is not None
    assert (found.selfcare_id, found.csrf, found.contract) == (ID, session.csrf, session.contract)


async def test_the_code_goes_to_the_contracts_address(counter: Counter) -> None:
    await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    (mail,) = counter.letterbox.mails
    assert (mail.kind, mail.to, mail.language) == ("code", MAIL, Language.JA)
    assert re.fullmatch(r"[0-9]{6}, 10 minutes", mail.text)


WRONG = (
    (ID, "wrong-password-1"),
    (ID, OTHER_PASSWORD),
    (ID, PASSWORD + " "),
    (ID, PASSWORD * 20),
    (ID, PASSWORD + "\ud800"),
    (ID, ""),
    ("nobody-here", PASSWORD),
    ("", ""),
    ("' OR 1=1 --", PASSWORD),
    ("no\0body", "nul\0"),
    ("x" * 10_000, PASSWORD),
    ("half\ud800", PASSWORD),
)


async def test_what_is_wrong_looks_like_what_is_right(database_url: str) -> None:
    """Same ticket, same answers to codes and resends; only no mail goes out."""
    patient = Slowdown(free=1000, first_s=1, longest_s=1)
    async with open_counter(database_url, Limits(account=patient, address=patient)) as counter:
        right = await counter.selfcare.begin(OTHER_ID, OTHER_PASSWORD, address=HOME)
        code = counter.letterbox.code_seen
        assert await counter.refused(right.value, wrong(code)) == 4
        for selfcare_id, password in WRONG:
            ticket = await counter.selfcare.begin(selfcare_id, password, address=HOME)
            assert len(ticket.value) == len(right.value)
            assert await counter.refused(ticket.value, code) == 4
            await counter.selfcare.resend(ticket.value, address=HOME)
            for left in (4, 3, 2, 1, 0):
                assert await counter.refused(ticket.value, "000000") == left
            with pytest.raises(TicketGone):
                await counter.selfcare.finish(ticket.value, code, address=HOME)
        assert len(counter.letterbox.mails) == 1


@pytest.mark.parametrize("typed", ["ｄｅｍｏ－ｌｏｇｉｎ".replace("－", "-"), f"  {ID}\t"])
async def test_full_width_letters_and_blanks_are_no_obstacle(counter: Counter, typed: str) -> None:
    ticket = await counter.selfcare.begin(typed, PASSWORD, address=HOME)
    code = counter.letterbox.code_seen
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    _, session = await counter.selfcare.finish(
        ticket.value, f"{full_width[:3]} {full_width[3:]}", address=HOME
    )
    assert session.selfcare_id == ID


async def test_the_fifth_wrong_code_ends_the_login(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    code = counter.letterbox.code_seen
    for left in (4, 3, 2, 1, 0):
        assert await counter.refused(ticket.value, wrong(code)) == left
    with pytest.raises(TicketGone):
        await counter.selfcare.finish(ticket.value, code, address=HOME)


async def test_twenty_parallel_wrong_codes_are_five_tries(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    code = counter.letterbox.code_seen
    guesses = [counter.selfcare.finish(ticket.value, wrong(code), address=HOME) for _ in range(20)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    left = sorted(each.tries_left for each in outcomes if isinstance(each, WrongCode))
    assert left == [0, 1, 2, 3, 4]
    assert sum(isinstance(each, TicketGone) for each in outcomes) == 15


async def test_a_code_is_good_once_even_twenty_times_at_once(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    code = counter.letterbox.code_seen
    doubled = [counter.selfcare.finish(ticket.value, code, address=HOME) for _ in range(20)]
    outcomes = await asyncio.gather(*doubled, return_exceptions=True)
    assert sum(isinstance(each, tuple) for each in outcomes) == 1
    assert sum(isinstance(each, TicketGone) for each in outcomes) == 19


async def test_a_code_lives_ten_minutes_of_business_time(counter: Counter) -> None:
    for after_s, is_good in ((599.9, True), (600.0, False)):
        ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
        counter.business += after_s
        finish = counter.selfcare.finish(ticket.value, counter.letterbox.code_seen, address=HOME)
        if is_good:
            assert (await finish)[1].selfcare_id == ID
        else:
            with pytest.raises(TicketGone):
                await finish


async def test_setting_business_time_back_lengthens_no_code(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    counter.business -= 3600
    with pytest.raises(TicketGone):
        await counter.selfcare.finish(ticket.value, counter.letterbox.code_seen, address=HOME)


async def test_a_new_code_voids_the_one_before(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    first = counter.letterbox.code_seen
    again = await counter.selfcare.resend(ticket.value, address=HOME)
    second = counter.letterbox.code_seen
    if first != second:
        assert await counter.refused(again.value, first) == 4
    _, session = await counter.selfcare.finish(again.value, second, address=HOME)
    assert session.selfcare_id == ID


async def test_a_login_elsewhere_voids_the_code_too_and_nobody_can_tell(counter: Counter) -> None:
    first = await counter.selfcare.begin(ID, PASSWORD, address=STRANGER)
    first_code = counter.letterbox.code_seen
    second = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    second_code = counter.letterbox.code_seen
    assert await counter.refused(first.value, first_code) == 4
    assert await counter.selfcare.finish(second.value, second_code, address=HOME)


async def test_a_wrong_password_voids_nobodys_code(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    code = counter.letterbox.code_seen
    await counter.selfcare.begin(ID, "wrong-password-1", address=STRANGER)
    assert await counter.selfcare.finish(ticket.value, code, address=HOME)


async def test_a_code_fits_its_own_login_alone(counter: Counter) -> None:
    mine = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    my_code = counter.letterbox.code_seen
    other = await counter.selfcare.begin(OTHER_ID, OTHER_PASSWORD, address=HOME)
    if counter.letterbox.code_seen != my_code:
        assert await counter.refused(other.value, my_code) == 4
    assert await counter.selfcare.finish(mine.value, my_code, address=HOME)


async def test_a_forged_ticket_is_none(counter: Counter) -> None:
    for ticket in ("", "forged", "x" * 10_000, "\ud800", "nul\0"):
        with pytest.raises(TicketGone):
            await counter.selfcare.finish(ticket, "000000", address=HOME)
        with pytest.raises(TicketGone):
            await counter.selfcare.resend(ticket, address=HOME)


async def test_resending_is_no_way_to_flood_a_mailbox(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    for _ in range(4):
        await counter.selfcare.resend(ticket.value, address=HOME)
    with pytest.raises(TooManyTries) as refused:
        await counter.selfcare.resend(ticket.value, address=HOME)
    assert refused.value.retry_after_s == 30
    assert len(counter.letterbox.mails) == 5


async def test_a_closed_contract_opens_no_door(counter: Counter) -> None:
    cookie, _ = await counter.log_in()
    await counter.customers.close_contract(counter.contracts[0], origin=OPERATOR)
    assert await counter.selfcare.session(cookie) is None
    mails = len(counter.letterbox.mails)
    await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    assert len(counter.letterbox.mails) == mails


async def test_a_contract_closed_meanwhile_takes_no_code(counter: Counter) -> None:
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    await counter.customers.close_contract(counter.contracts[0], origin=OPERATOR)
    with pytest.raises(TicketGone):
        await counter.selfcare.finish(ticket.value, counter.letterbox.code_seen, address=HOME)


async def test_each_step_is_in_the_audit(counter: Counter) -> None:
    await counter.try_password("wrong-password-1", address="198.51.100.66")
    ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    await counter.refused(ticket.value, wrong(counter.letterbox.code_seen))
    cookie, _ = await counter.selfcare.finish(
        ticket.value, counter.letterbox.code_seen, address=HOME
    )
    await counter.selfcare.logout(cookie, address=HOME)
    told = [(change.what, change.origin) for change in await counter.told()]
    assert told[-5:] == [
        ("login refused", "portal from 198.51.100.66"),
        ("password right, code mailed", "portal from 192.0.2.10"),
        ("login code refused", "portal from 192.0.2.10"),
        ("logged in", "portal from 192.0.2.10"),
        ("logged out", "portal from 192.0.2.10"),
    ]


async def test_of_an_unknown_id_the_audit_keeps_no_letter(counter: Counter) -> None:
    await counter.try_password("a-password", login="typed-my-password-here")
    (change,) = (await counter.audit.search(subject="unknown self-care ID")).items
    assert "typed-my-password-here" not in repr(change)
    assert change.contract is None
    assert change.who == audit.STRANGER


async def test_whoever_fails_the_password_is_a_stranger_in_the_audit(counter: Counter) -> None:
    await counter.try_password("wrong-password-1")
    await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    refused, mailed = (await counter.told())[-2:]
    assert (refused.what, refused.subject, refused.who) == ("login refused", ID, audit.STRANGER)
    assert refused.contract == counter.contracts[0]
    assert (mailed.subject, mailed.who) == (ID, ID)


async def test_codes_fall_due_and_are_forgotten(counter: Counter) -> None:
    assert await counter.selfcare.next_due() is None
    await counter.selfcare.begin(ID, PASSWORD, address=HOME)
    counter.passes(60)
    later = await counter.selfcare.begin(OTHER_ID, OTHER_PASSWORD, address=HOME)
    due = await counter.selfcare.next_due()
    assert due == counter.business - 60 + 600
    await counter.selfcare.run_due(due)
    assert await counter.selfcare.next_due() == counter.business + 600
    assert await counter.selfcare.finish(later.value, counter.letterbox.code_seen, address=HOME)
    assert await counter.selfcare.next_due() is None


async def test_what_is_due_is_done_in_one_go_in_any_year(counter: Counter) -> None:
    """`run_due` reckons to the last bit as `next_due` does; else the clock would ask for ever."""
    for business in (0.1, 1234.567, 2.0**31 - 300.3, 4e9 + 0.7, 2e11 + 0.1):
        counter.business = business
        await counter.try_password("wrong-password-1", login=f"login-{business:g}")
        due = await counter.selfcare.next_due()
        assert due is not None
        await counter.selfcare.run_due(due)
        assert await counter.selfcare.next_due() is None
