"""The customer control of a freephone number: its login, its lock, what it changes (FREE-12)."""

import re
from dataclasses import dataclass

import pytest

from provisioning.contract import (
    NATION,
    DayKind,
    Freephone,
    FreephoneOption,
    Group,
    Moment,
    Reception,
    Shares,
)
from provisioning.freephone.document import FreephoneDocument
from tests.support.call_records import record
from tests.support.freephones import MONDAY, NUMBER
from tests.support.storage import DOCOMO, NTT, seed
from tests.web.browser import Browser, Page
from tests.web.conftest import OPERATOR, START, Browsers, World

pytestmark = pytest.mark.rule("FREE-12")

CONTROL = "/portal/control"
LOGIN = f"{CONTROL}/login"
DIALLED = "0120000003"
OPTIONS = frozenset(
    {
        FreephoneOption.CUSTOMER_CONTROL,
        FreephoneOption.SEVERAL_LINES,
        FreephoneOption.SHARE_SPLIT,
        FreephoneOption.OFF_HOURS,
        FreephoneOption.DESTINATION_CHANGE,
    }
)
OFF_HOURS = f"{CONTROL}/schedules/off-hours/0300000003"
NIGHT = {
    "w0-mon": "1", "w0-tue": "1", "w0-from": "18:00", "w0-to": "24:00", "w0-what": "off",
    "d0-date": "12-31", "d0-from": "0:00", "d0-to": "24:00", "d0-what": "off",
}  # fmt: skip


WRONG: list[tuple[dict[str, str], str]] = [
    ({"w0-to": "25:00"}, "w0-to"),
    ({"w0-from": "9:75"}, "w0-from"),
    ({"w0-to": "17:00"}, "w0-to"),
    ({"w0-what": "maybe"}, "w0-what"),
    ({"d0-date": "02-30"}, "d0-date"),
    ({"d0-date": "2026-13-01"}, "d0-date"),
    ({"w1-from": "1:00", "w1-to": "2:00", "w1-what": "off"}, "w1-days"),
    ({"w1-mon": "1", "w1-from": "19:00", "w1-to": "20:00", "w1-what": "off"}, "w1-from"),
]
"""What is typed besides `NIGHT`, and the field that is wrong then."""


@dataclass
class Shop:
    """A contracted number, and its password."""

    world: World
    password: str

    @property
    def setup(self) -> Freephone:
        found = self.world.office.freephones.of(NUMBER)
        assert found is not None
        return found

    def is_off(self, minute: int, day: int = 0) -> bool:
        """Whether the guidance stands on a day of the week that begins on 2 November 2026."""
        schedule = self.setup.receptions[0].off_hours
        moment = Moment(MONDAY.replace(day=MONDAY.day + day), minute)
        return schedule is not None and schedule.at(moment)


@pytest.fixture
async def shop(world: World) -> Shop:
    office = world.office
    await office.seed(seed())
    one = Freephone(
        NUMBER,
        (Group("全国", (NATION,), shares=Shares((NTT, DOCOMO), (2, 1))),),
        (Reception(NTT), Reception(DOCOMO)),
        OPTIONS,
    )
    setup = FreephoneDocument.of(one)
    await office.freephones.create(NUMBER, world.contract, setup, origin=OPERATOR)
    return Shop(world, await office.control.set_password(NUMBER, origin=OPERATOR))


async def give(browser: Browser, password: str, number: str = DIALLED) -> Page:
    return await browser.fill(LOGIN, LOGIN, number=number, password=password)


@pytest.fixture
async def owner(shop: Shop, browsers: Browsers) -> Browser:
    """A browser that is logged in to the number."""
    browser = browsers()
    assert (await give(browser, shop.password)).location == CONTROL
    return browser


class TestLogin:
    async def test_number_and_password_open_it_and_logging_out_closes_it(
        self, owner: Browser
    ) -> None:
        assert (await owner.get(CONTROL)).title == "0120-000-003"
        out = await owner.fill(CONTROL, f"{CONTROL}/logout")
        assert out.location == f"{LOGIN}?out=1"
        assert (await owner.get(CONTROL)).location == LOGIN

    async def test_it_is_no_login_to_self_care_nor_the_other_way_round(
        self, owner: Browser, customer: Browser
    ) -> None:
        assert (await owner.get("/portal/menu")).location == "/portal/login"
        assert (await customer.get(CONTROL)).location == LOGIN

    async def test_what_is_refused_says_not_which_of_both_was_wrong(
        self, shop: Shop, visitor: Browser
    ) -> None:
        for typed in ("0120-000-003", "０１２０ ０００ ００３", "0120999999", "x"):
            page = await give(visitor, "wrong", typed)
            assert (page.status, page.errors) == (422, ["password"])
        assert (await visitor.send(LOGIN, {"number": DIALLED})).status == 403
        empty = await give(visitor, "", "")
        assert (empty.status, empty.errors) == (422, ["number", "password"])

    async def test_three_wrong_ones_lock_it_and_who_is_in_stays(
        self, shop: Shop, owner: Browser, visitor: Browser
    ) -> None:
        for _ in range(3):
            assert (await give(visitor, "wrong")).status == 422
        page = await visitor.follow(await give(visitor, shop.password))
        assert page.title == "カスタマコントロールのロック"
        assert "2,000円" in page.text
        assert (await owner.get(CONTROL)).status == 200

    async def test_a_new_password_ends_the_sessions(self, shop: Shop, owner: Browser) -> None:
        await shop.world.office.control.set_password(NUMBER, origin=OPERATOR)
        assert (await owner.get(CONTROL)).location == f"{LOGIN}?ended=1"

    async def test_an_address_that_guesses_numbers_must_wait(
        self, shop: Shop, visitor: Browser
    ) -> None:
        for guess in range(20):
            page = await give(visitor, "wrong", f"01200009{guess:02}")
        assert page.status == 422
        page = await give(visitor, "wrong", "0120000999")
        assert (page.status, page.title) == (429, "しばらくお待ちください")


class TestUnlocking:
    PATH = f"/portal/freephones/{DIALLED}/unlock"

    async def fees(self, shop: Shop) -> list[int]:
        owed = await shop.world.office.freephones.owed(NUMBER)
        return [each.fee.yen for each in owed if each.fee.item == "unlock"]

    async def test_it_is_requested_in_self_care_and_a_second_click_costs_nothing(
        self, shop: Shop, customer: Browser, visitor: Browser
    ) -> None:
        for _ in range(3):
            await give(visitor, "wrong")
        asked = await customer.get(self.PATH)
        assert "2,000円" in asked.text
        for _ in range(2):
            done = await customer.send(self.PATH, asked.form(self.PATH))
            assert "解除しました" in (await customer.follow(done)).text
        assert await self.fees(shop) == [2000]
        assert (await give(visitor, shop.password)).location == CONTROL
        assert "ロックされていません" in (await customer.get(self.PATH)).text
        assert "ロック解除" in (await customer.get("/portal/log")).text

    async def test_it_is_nobody_else_s_to_request(
        self, shop: Shop, stranger: Browser, customer: Browser
    ) -> None:
        assert (await stranger.get(self.PATH)).status == 404
        token = {"csrf": (await stranger.get("/portal/menu")).form("/portal/logout")["csrf"]}
        assert (await stranger.send(self.PATH, token)).status == 404
        assert "0120-000-003" not in (await stranger.get("/portal/freephones")).text
        assert await self.fees(shop) == []

    async def test_a_new_password_is_shown_once(self, shop: Shop, customer: Browser) -> None:
        path = f"/portal/freephones/{DIALLED}/password"
        page = await customer.follow(await customer.fill(path, path))
        (password,) = page.secrets
        assert (await customer.get(f"{path}/done")).secrets == []
        assert (await give(customer, password)).location == CONTROL


class TestChanges:
    async def test_ratios_are_changed_and_scheduled_ones_follow(
        self, shop: Shop, owner: Browser
    ) -> None:
        week = f"{CONTROL}/schedules/ratio/0"
        row = {"w0-sun": "1", "w0-from": "9:00", "w0-to": "12:00", "w0-what": "0:9"}
        assert (await owner.fill(week, week, **row)).status == 303
        path = f"{CONTROL}/ratios"
        page = await owner.follow(await owner.fill(path, path, **{"g0-0": "5", "g0-1": "３"}))
        assert "変更しました" in page.text
        shares = shop.setup.groups[0].shares
        assert shares is not None
        assert shares.schedule is not None
        assert shares.weights == (5, 3)
        assert [band.value for band in shares.schedule.days[DayKind.SUNDAY]] == [
            (5, 3),
            (0, 9),
            (5, 3),
        ]

    async def test_a_weight_that_is_none_is_told_at_its_field(
        self, shop: Shop, owner: Browser
    ) -> None:
        path, before = f"{CONTROL}/ratios", shop.setup
        for weight in ("10", "-1", "", "x", "1.5"):
            page = await owner.fill(path, path, **{"g0-1": weight})
            assert (page.status, page.errors) == (422, ["g0-1"])
        assert shop.setup == before

    async def test_weights_that_are_all_nought_are_told_at_the_first(
        self, shop: Shop, owner: Browser
    ) -> None:
        path, before = f"{CONTROL}/ratios", shop.setup
        page = await owner.fill(path, path, **{"g0-0": "0", "g0-1": "0"})
        assert (page.status, page.errors) == (422, ["g0-0"])
        week = f"{CONTROL}/schedules/ratio/0"
        for weights in ("0:0", "10:1", "1", "1:1:1", "a:b", "-1:1"):
            row = {"w0-sun": "1", "w0-from": "9:00", "w0-to": "12:00", "w0-what": weights}
            page = await owner.fill(week, week, **row)
            assert (page.status, page.errors) == (422, ["w0-what"])
        assert shop.setup == before

    async def test_what_breaks_a_rule_is_told_and_changes_nothing(
        self, shop: Shop, owner: Browser
    ) -> None:
        office = shop.world.office
        fewer = FreephoneDocument.of(shop.setup)
        form = (await owner.get(OFF_HOURS)).form(OFF_HOURS)
        fewer.options.remove(FreephoneOption.OFF_HOURS)
        await office.freephones.change(NUMBER, fewer, origin=OPERATOR)
        assert (await owner.send(OFF_HOURS, {**form, **NIGHT})).status == 404
        assert shop.setup.receptions[0].off_hours is None

    async def test_a_schedule_is_typed_in_rows(self, shop: Shop, owner: Browser) -> None:
        page = await owner.follow(await owner.fill(OFF_HOURS, OFF_HOURS, **NIGHT))
        assert "変更しました" in page.text
        assert [shop.is_off(m) for m in (0, 17 * 60 + 59, 18 * 60, 1439)] == [
            False,
            False,
            True,
            True,
        ]
        assert shop.is_off(1200, day=1)
        assert not shop.is_off(1200, day=2)
        form = page.form(OFF_HOURS)
        assert (form["w0-from"], form["w0-to"], form["d0-date"]) == ("18:00", "24:00", "12-31")
        cleared = {name: "" for name in form if re.match("[wd]0-", name)}
        blank = {"csrf": form["csrf"], "version": form["version"], **cleared}
        for day in DayKind:
            blank.pop(f"w0-{day}", None)
        await owner.send(OFF_HOURS, blank)
        assert shop.setup.receptions[0].off_hours is None

    async def test_a_schedule_is_tried_before_it_is_set(self, shop: Shop, owner: Browser) -> None:
        tries = {"try": "1"}
        page = await owner.fill(OFF_HOURS, OFF_HOURS, **NIGHT, **tries)
        assert (page.status, page.title) == (200, "変更する前の確認")
        asked = {"caller": "03-1234-5678", "at": "2026-11-02T20:00", **tries}
        tried = await owner.send(OFF_HOURS, {**page.form(OFF_HOURS), **asked})
        assert "時間外案内を2回流して切断します" in tried.text
        nobody = await owner.send(OFF_HOURS, {**page.form(OFF_HOURS), **asked, "caller": "x"})
        assert (nobody.status, nobody.errors) == (422, ["caller"])
        assert shop.setup.receptions[0].off_hours is None
        form = tried.form(OFF_HOURS)
        back = await owner.send(OFF_HOURS, {**form, "more": "week"})
        assert (back.status, back.form(OFF_HOURS)["w0-from"]) == (200, "18:00")
        assert (await owner.send(OFF_HOURS, form)).location == f"{OFF_HOURS}?done=1"
        assert shop.is_off(1200)

    async def test_a_schedule_that_is_none_is_not_tried(self, shop: Shop, owner: Browser) -> None:
        tries = {"w0-to": "25:00", "try": "1"}
        page = await owner.fill(OFF_HOURS, OFF_HOURS, **{**NIGHT, **tries})
        assert (page.status, page.errors) == (422, ["w0-to"])

    async def test_a_row_that_is_wrong_is_told_at_its_field(
        self, shop: Shop, owner: Browser
    ) -> None:
        before = shop.setup
        for typed, field in WRONG:
            page = await owner.fill(OFF_HOURS, OFF_HOURS, **{**NIGHT, **typed})
            assert (page.status, page.errors) == (422, [field])
            assert f'id="{field}' in page.text
        assert shop.setup == before

    async def test_more_rows_than_fit_are_told(self, shop: Shop, owner: Browser) -> None:
        rows = {
            f"d{at}-{name}": value
            for at in range(91)
            for name, value in (("date", "12-31"), ("from", "0:00"), ("to", "24:00"))
        }
        page = await owner.fill(OFF_HOURS, OFF_HOURS, **rows)
        assert (page.status, "それぞれ90行までです" in page.text) == (422, True)
        assert shop.setup.receptions[0].off_hours is None

    async def test_without_scripts_rows_are_added_and_taken_away(
        self, shop: Shop, owner: Browser
    ) -> None:
        more = await owner.fill(OFF_HOURS, OFF_HOURS, **NIGHT, more="week")
        assert (more.status, more.form(OFF_HOURS)["w0-from"]) == (200, "18:00")
        less = await owner.fill(OFF_HOURS, OFF_HOURS, **NIGHT, drop="w0")
        assert "18:00" not in less.form(OFF_HOURS).values()
        assert shop.setup.receptions[0].off_hours is None

    async def test_what_was_changed_elsewhere_is_not_overwritten(
        self, shop: Shop, owner: Browser
    ) -> None:
        old = (await owner.get(OFF_HOURS)).form(OFF_HOURS)
        await owner.fill(OFF_HOURS, OFF_HOURS, **NIGHT)
        page = await owner.send(
            OFF_HOURS, {**old, "w0-mon": "1", "w0-from": "1:00", "w0-to": "2:00"}
        )
        assert (page.status, page.title) == (409, "ほかの操作で設定が変わりました")
        assert shop.is_off(1200)

    async def test_the_history_says_what_was_changed_and_leads_back(
        self, shop: Shop, owner: Browser
    ) -> None:
        await owner.fill(OFF_HOURS, OFF_HOURS, **NIGHT)
        path = f"{CONTROL}/history"
        page = await owner.get(path)
        assert "時間外案内のスケジュール(0300000003)" in page.text
        assert re.findall(r'変更した方">([^<]+)<', page.text) == ["お客さま", "お客さまセンター"]
        back = await owner.send(path, {**page.form(path), "to": "1"})
        assert "戻しました" in (await owner.follow(back)).text
        assert shop.setup.receptions[0].off_hours is None
        assert (await owner.send(path, {**page.form(path), "to": "99"})).status == 404

    async def test_what_is_the_contract_s_cannot_be_gone_back_to(
        self, shop: Shop, owner: Browser
    ) -> None:
        fewer = FreephoneDocument.of(shop.setup)
        fewer.guidance = False
        await shop.world.office.freephones.change(NUMBER, fewer, origin=OPERATOR)
        path = f"{CONTROL}/history"
        page = await owner.get(path)
        assert "ここでは戻せません" in page.text
        token = (await owner.get(f"{CONTROL}/ratios")).form(f"{CONTROL}/ratios")
        assert (await owner.send(path, {**token, "to": "1"})).status == 404
        assert not shop.setup.guidance


class TestLooking:
    async def test_usage_is_shown_as_table_and_chart_and_saved(
        self, shop: Shop, owner: Browser
    ) -> None:
        kept = shop.world.office.records
        at = {"started_at": 9e9, "business_started_at": START, "answered_at": None}
        busy = record(service="freephone-busy", payer=NUMBER, destination=NTT, line=None, **at)  # type: ignore[arg-type]
        await kept.append(busy)
        page = await owner.get(f"{CONTROL}/usage?period=day&day=2026-07-25")
        assert page.text.count('<rect class="busy"') == 2  # by hour, and by number
        assert 'text-anchor="middle">0300000003</text>' in page.text
        assert re.search(r'<th scope="row">9:00</th>\s*<td>0</td><td>1</td>', page.text)
        saved = await owner.get(f"{CONTROL}/usage.csv?period=month&day=2026-07-25&by=number")
        assert saved.response.text.splitlines()[1] == "0300000003,1,0,1,0,0,0"
        for period in ("week", "month", "nothing"):
            assert (await owner.get(f"{CONTROL}/usage?period={period}&day=x")).status == 200

    async def test_a_call_is_foretold_step_by_step(self, shop: Shop, owner: Browser) -> None:
        await owner.fill(OFF_HOURS, OFF_HOURS, **NIGHT)
        path = f"{CONTROL}/preview?caller=03-1234-5678&at=2026-11-02T20:00"
        page = await owner.get(path)
        assert "時間外案内を2回流して切断します" in page.text
        assert "FREE-10" in page.text
        open_ = await owner.get(path.replace("T20", "T12"))
        assert "0300000003 に接続します" in open_.text
        wrong = await owner.get(f"{CONTROL}/preview?caller=x&at=never")
        assert (wrong.status, wrong.errors) == (422, ["at", "caller"])

    async def test_where_a_line_of_others_is_stays_with_the_carrier(
        self, shop: Shop, owner: Browser
    ) -> None:
        page = await owner.get(f"{CONTROL}/preview?caller=09000000004&at=2026-11-02T12:00")
        assert "携帯電話 東京都" not in page.text

    async def test_another_s_schedule_is_unknown(self, shop: Shop, owner: Browser) -> None:
        for path in ("off-hours/0399999999", "ratio/7", "nothing/0", "ratio/x"):
            assert (await owner.get(f"{CONTROL}/schedules/{path}")).status == 404
