"""What a customer and an operator change: password, mail address, the login itself."""

import asyncio
import re

import pytest

from provisioning.customers.model import UnknownContract
from provisioning.selfcare.desk import by_customer
from provisioning.selfcare.model import (
    BadMail,
    LoginExists,
    SamePassword,
    SessionGone,
    TicketGone,
    TooManyTries,
    UnknownLogin,
    WeakPassword,
    WrongCode,
    WrongPassword,
)
from tests.support.selfcare import (
    CUSTOMER,
    HOME,
    ID,
    MAIL,
    OPERATOR,
    OTHER_ID,
    OTHER_PASSWORD,
    PASSWORD,
    Counter,
    wrong,
)

pytestmark = pytest.mark.rule("N050-05")

NEW_PASSWORD = "another-password-3"
NEW_MAIL = "new@customer.example"


class TestPassword:
    async def test_it_ends_all_sessions_and_goes_on_with_a_new_one(self, counter: Counter) -> None:
        other, _ = await counter.log_in()
        old, session = await counter.log_in()
        new, again = await counter.selfcare.change_password(
            session, PASSWORD, NEW_PASSWORD, origin=CUSTOMER
        )
        alive = [await counter.selfcare.session(each) for each in (other, old, new)]
        assert [each is not None for each in alive] == [False, False, True]
        assert again.csrf != session.csrf
        assert counter.letterbox.mails[-1][:2] == ("password changed", MAIL)
        assert (await counter.told())[-1].what == "password changed"

    async def test_only_the_new_one_logs_in(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        await counter.selfcare.change_password(session, PASSWORD, NEW_PASSWORD, origin=CUSTOMER)
        mails = len(counter.letterbox.mails)
        await counter.selfcare.begin(ID, PASSWORD, address=HOME)
        assert len(counter.letterbox.mails) == mails
        await counter.selfcare.begin(ID, NEW_PASSWORD, address=HOME)
        assert counter.letterbox.mails[-1].kind == "code"

    async def test_a_code_of_the_old_one_opens_nothing(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        ticket = await counter.selfcare.begin(ID, PASSWORD, address=HOME)
        code = counter.letterbox.code_seen
        await counter.selfcare.change_password(session, PASSWORD, NEW_PASSWORD, origin=CUSTOMER)
        with pytest.raises(TicketGone):
            await counter.selfcare.finish(ticket.value, code, address=HOME)

    async def test_the_same_again_is_refused_and_the_session_stays(self, counter: Counter) -> None:
        cookie, session = await counter.log_in()
        mails = len(counter.letterbox.mails)
        with pytest.raises(SamePassword, match="present one"):
            await counter.selfcare.change_password(session, PASSWORD, PASSWORD, origin=CUSTOMER)
        assert await counter.selfcare.session(cookie) is not None
        assert len(counter.letterbox.mails) == mails

    async def test_whether_it_is_the_same_is_said_to_its_owner_alone(
        self, counter: Counter
    ) -> None:
        _, session = await counter.log_in()
        with pytest.raises(WrongPassword):
            await counter.selfcare.change_password(
                session, NEW_PASSWORD, NEW_PASSWORD, origin=CUSTOMER
            )

    async def test_a_wrong_present_one_is_noted_with_who_tried_it_and_where(
        self, counter: Counter
    ) -> None:
        _, session = await counter.log_in()
        origin = by_customer(HOME, ID)
        with pytest.raises(WrongPassword):
            await counter.selfcare.change_password(session, "wrong", NEW_PASSWORD, origin=origin)
        noted = (await counter.told())[-1]
        assert noted.what == "present password refused"
        assert (noted.who, noted.origin) == (ID, f"portal from {HOME}")

    async def test_the_present_one_is_asked_and_guessing_it_is_slowed_down(
        self, counter: Counter
    ) -> None:
        cookie, session = await counter.log_in()
        guesses = [
            counter.selfcare.change_password(
                session, f"guess-number-{n}", NEW_PASSWORD, origin=CUSTOMER
            )
            for n in range(20)
        ]
        outcomes = await asyncio.gather(*guesses, return_exceptions=True)
        assert sum(isinstance(each, WrongPassword) for each in outcomes) == 5
        assert sum(isinstance(each, TooManyTries) for each in outcomes) == 15
        assert await counter.selfcare.session(cookie) is not None
        counter.passes(30)
        assert await counter.selfcare.change_password(
            session, PASSWORD, NEW_PASSWORD, origin=CUSTOMER
        )

    async def test_a_weak_one_is_refused_first(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        with pytest.raises(WeakPassword):
            await counter.selfcare.change_password(session, "", "1234567890", origin=CUSTOMER)

    async def test_of_two_changes_at_once_one_counts(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        changes = [
            counter.selfcare.change_password(
                session, PASSWORD, f"{NEW_PASSWORD}-{n}", origin=CUSTOMER
            )
            for n in range(4)
        ]
        outcomes = await asyncio.gather(*changes, return_exceptions=True)
        assert sum(isinstance(each, tuple) for each in outcomes) == 1
        assert all(isinstance(each, tuple | SessionGone | WrongPassword) for each in outcomes)


class TestMailAddress:
    async def test_the_new_one_counts_once_its_code_came_back(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        await counter.selfcare.change_mail(session, NEW_MAIL, PASSWORD, origin=CUSTOMER)
        assert counter.letterbox.mails[-1][:2] == ("new address", NEW_MAIL)
        assert (await counter.customers.get(session.customer)).mail == MAIL
        code = counter.letterbox.code_seen
        assert await counter.selfcare.confirm_mail(session, code, origin=CUSTOMER) == NEW_MAIL
        assert (await counter.customers.get(session.customer)).mail == NEW_MAIL
        told = counter.letterbox.mails[-1]
        assert (told.kind, told.to, told.text) == ("mail changed", MAIL, NEW_MAIL)
        change = (await counter.told())[-1]
        assert (change.what, change.before, change.after) == (
            "mail address changed",
            MAIL,
            NEW_MAIL,
        )

    async def test_five_wrong_codes_and_nothing_changed(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        await counter.selfcare.change_mail(session, NEW_MAIL, PASSWORD, origin=CUSTOMER)
        code = counter.letterbox.code_seen
        guesses = [
            counter.selfcare.confirm_mail(session, wrong(code), origin=CUSTOMER) for _ in range(20)
        ]
        outcomes = await asyncio.gather(*guesses, return_exceptions=True)
        left = sorted(each.tries_left for each in outcomes if isinstance(each, WrongCode))
        assert left == [0, 1, 2, 3, 4]
        with pytest.raises(TicketGone):
            await counter.selfcare.confirm_mail(session, code, origin=CUSTOMER)
        assert (await counter.customers.get(session.customer)).mail == MAIL

    async def test_another_address_voids_the_first_ones_code(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        await counter.selfcare.change_mail(session, NEW_MAIL, PASSWORD, origin=CUSTOMER)
        first = counter.letterbox.code_seen
        await counter.selfcare.change_mail(
            session, "third@customer.example", PASSWORD, origin=CUSTOMER
        )
        second = counter.letterbox.code_seen
        if first != second:
            with pytest.raises(WrongCode):
                await counter.selfcare.confirm_mail(session, first, origin=CUSTOMER)
        changed = await counter.selfcare.confirm_mail(session, second, origin=CUSTOMER)
        assert changed == "third@customer.example"

    async def test_a_code_belongs_to_its_session(self, counter: Counter) -> None:
        _, mine = await counter.log_in()
        _, other = await counter.log_in()
        await counter.selfcare.change_mail(mine, NEW_MAIL, PASSWORD, origin=CUSTOMER)
        code = counter.letterbox.code_seen
        with pytest.raises(TicketGone):
            await counter.selfcare.confirm_mail(other, code, origin=CUSTOMER)

    async def test_a_login_code_is_no_mail_code(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        await counter.selfcare.begin(ID, PASSWORD, address=HOME)
        with pytest.raises(TicketGone):
            await counter.selfcare.confirm_mail(
                session, counter.letterbox.code_seen, origin=CUSTOMER
            )

    async def test_it_takes_ten_minutes_at_most(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        await counter.selfcare.change_mail(session, NEW_MAIL, PASSWORD, origin=CUSTOMER)
        counter.passes(600)
        with pytest.raises(TicketGone):
            await counter.selfcare.confirm_mail(
                session, counter.letterbox.code_seen, origin=CUSTOMER
            )

    async def test_no_mailbox_is_flooded(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        for n in range(5):
            await counter.selfcare.change_mail(
                session, f"victim{n}@customer.example", PASSWORD, origin=CUSTOMER
            )
        with pytest.raises(TooManyTries):
            await counter.selfcare.change_mail(session, NEW_MAIL, PASSWORD, origin=CUSTOMER)

    async def test_what_is_no_address_is_refused(self, counter: Counter) -> None:
        _, session = await counter.log_in()
        mails = len(counter.letterbox.mails)
        for text in (
            "",
            "nobody",
            "a@b",
            "a@b.example\nbcc: c@d.example",
            "a@b..example",
            "a b@c.d",
        ):
            with pytest.raises(BadMail):
                await counter.selfcare.change_mail(session, text, PASSWORD, origin=CUSTOMER)
        assert len(counter.letterbox.mails) == mails


class TestOperator:
    async def test_ids_and_passwords_are_made_up(self, counter: Counter) -> None:
        again = await counter.selfcare.reset(counter.contracts[0], origin=OPERATOR)
        assert again.selfcare_id == ID
        assert re.fullmatch(r"[A-Za-z2-9]{14}", again.password)
        assert again.password not in repr(again)
        await counter.selfcare.begin(ID, again.password, address=HOME)
        assert counter.letterbox.mails[-1].kind == "code"

    async def test_a_contract_has_one_login_and_an_id_one_contract(self, counter: Counter) -> None:
        for contract, chosen in ((counter.contracts[0], None), (counter.contracts[1], ID)):
            with pytest.raises(LoginExists):
                await counter.selfcare.create(contract, selfcare_id=chosen, origin=OPERATOR)

    async def test_what_does_not_exist_is_named(self, counter: Counter) -> None:
        for contract in ("K99999999", "", "K\0", "K0000000\ud800"):
            with pytest.raises(UnknownContract):
                await counter.selfcare.create(contract, origin=OPERATOR)
            with pytest.raises(UnknownLogin, match="no self-care login"):
                await counter.selfcare.reset(contract, origin=OPERATOR)
            assert await counter.selfcare.of_contract(contract) is None

    async def test_a_login_is_found_by_its_contract(self, counter: Counter) -> None:
        found = await counter.selfcare.of_contract(counter.contracts[1])
        assert found is not None
        assert (found.selfcare_id, found.contract) == (OTHER_ID, counter.contracts[1])

    async def test_one_customers_changes_leave_the_other_alone(self, counter: Counter) -> None:
        await counter.selfcare.reset(counter.contracts[0], origin=OPERATOR)
        await counter.selfcare.begin(OTHER_ID, OTHER_PASSWORD, address=HOME)
        assert counter.letterbox.mails[-1].kind == "code"
