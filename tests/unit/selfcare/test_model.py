"""Delays, lives, the table of tickets, and what may be typed: values alone."""

import pytest

from provisioning.selfcare.model import (
    CLOCK_SLIP_S,
    TICKETS,
    BadLogin,
    Bucket,
    Do,
    Input,
    Limits,
    Slowdown,
    Stage,
    WeakPassword,
    checked_id,
    checked_password,
    is_alive,
    is_fresh,
    place_of,
    typed_code,
    typed_id,
)

pytestmark = pytest.mark.rule("N050-05")

LIMITS = Limits()
SLOW = Slowdown(free=5, first_s=30, longest_s=900)
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("failures", "delay_s"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (9, 480), (10, 900), (11, 900), (10**9, 900)],
)
def test_the_delay_doubles_up_to_its_longest(failures: int, delay_s: float) -> None:
    assert SLOW.delay_s(failures) == delay_s


def test_a_bucket_waits_from_its_last_failure() -> None:
    bucket = Bucket(6, NOW)
    waits = [bucket.wait_s(NOW + passed, SLOW, LIMITS.forget_s) for passed in (0, 59, 60, 61)]
    assert waits == [60, 1, 0, 0]


def test_a_clock_set_back_makes_no_wait_longer() -> None:
    assert Bucket(6, NOW).wait_s(NOW - 10_800, SLOW, LIMITS.forget_s) == 60


def test_failures_are_forgotten_after_a_quiet_day() -> None:
    assert Bucket(50, NOW).failed(NOW + LIMITS.forget_s - 1, LIMITS.forget_s).failures == 51
    assert Bucket(50, NOW).failed(NOW + LIMITS.forget_s, LIMITS.forget_s) == Bucket(
        1, NOW + LIMITS.forget_s
    )


@pytest.mark.parametrize(
    ("idle", "age", "alive"),
    [
        (0, 0, True),
        (899, 899, True),
        (900, 900, False),
        (0, 28_799, True),
        (0, 28_800, False),
        (-CLOCK_SLIP_S, -CLOCK_SLIP_S, True),
        (-CLOCK_SLIP_S - 1, 0, False),
        (0, -CLOCK_SLIP_S - 1, False),
    ],
)
def test_a_session_idles_out_grows_old_and_never_comes_from_the_future(
    idle: float, age: float, alive: bool
) -> None:
    assert is_alive(NOW - age, NOW - idle, NOW, LIMITS) is alive


@pytest.mark.parametrize(
    ("passed", "fresh"), [(0, True), (599, True), (600, False), (-599, True), (-600, False)]
)
def test_a_code_is_fresh_for_ten_minutes(passed: float, fresh: bool) -> None:
    assert is_fresh(NOW, NOW + passed, LIMITS) is fresh


class TestTickets:
    def test_every_stage_is_reached(self) -> None:
        reached = {Stage.OPEN, Stage.DECOY} | {step.next for step in TICKETS.values()}
        assert reached == set(Stage)

    def test_what_is_not_listed_is_meant(self) -> None:
        unlisted = {(stage, event) for stage in Stage for event in Input} - set(TICKETS)
        assert unlisted == {
            (Stage.VOID, Input.RIGHT),
            (Stage.DECOY, Input.RIGHT),
            (Stage.DECOY, Input.NEWER),
            *((Stage.GONE, event) for event in Input),
        }

    def test_only_a_right_code_of_an_open_ticket_admits(self) -> None:
        admitting = [key for key, step in TICKETS.items() if step.do is Do.ADMIT]
        assert admitting == [(Stage.OPEN, Input.RIGHT)]

    def test_a_decoy_never_sends_a_mail(self) -> None:
        assert all(
            step.do is not Do.MAIL for (stage, _), step in TICKETS.items() if stage is Stage.DECOY
        )


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "unknown"),
        ("", "unknown"),
        ("192.0.2.7\nforged", "unknown"),
    ],
)
def test_an_address_counts_with_its_neighbours(address: str, place: str) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("S00000001", "S00000001"),
        (" Ｓ００００００01　", "S00000001"),
        ("a", None),
        ("a" * 33, None),
        ("-abc", None),
        ("a\0bc", None),
        ("山田太郎", None),
        ("a b c", None),
    ],
)
def test_a_typed_id(text: str, id: str | None) -> None:
    assert typed_id(text) == id


def test_a_typed_code() -> None:
    assert typed_code(" １２３ 456\n") == "123456"


@pytest.mark.parametrize("text", ["", "ab", "a" * 33, "a b", "特番", "a\n", "_ab"])
def test_an_id_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(BadLogin, match="3 to 32"):
        checked_id(text)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short-one", "10 to 128"),
        ("x1-" * 43, "10 to 128"),
        ("Password1234", "guessed first"),
        ("aaaabbbbaaaa", "guessed first"),
        ("my-demo-login-9", "self-care ID"),
        ("my-DEMO-LOGIN-9", "self-care ID"),
        ("tab\tin-the-middle", "cannot be typed"),
        ("half-a-letter\ud800", "cannot be typed"),
    ],
)
def test_a_weak_password_is_refused_without_being_repeated(password: str, why: str) -> None:
    with pytest.raises(WeakPassword, match=why) as refused:
        checked_password(password, "demo-login", LIMITS)
    assert password not in str(refused.value)


@pytest.mark.parametrize(
    "password", ["selfcare-demo0001", "正しい馬の電池とホチキス", "a b c d e f g"]
)
def test_any_other_text_is_a_password(password: str) -> None:
    assert checked_password(password, "demo-login", LIMITS) == password
