"""Who may ask what: challenges, credentials and the guesser's budget."""

import pytest

from ivr.net.clock import monotonic
from ivr.sip.digest import authorize, ha1
from ivr.sip.events import Flow
from ivr.sip.message import Request, parse
from ivr.ua.authentication import AuthenticationPolicy, Authenticator, Challenge
from provisioning.contract import E164, Access, Account, Line
from tests.support.notes import Notes

REALM = "tokuban"
FLOW = Flow("UDP", ("127.0.0.1", 5060), ("192.0.2.7", 5062))
OTHER_HOST = FLOW._replace(peer=("192.0.2.8", 5062))

pytestmark = pytest.mark.rule("LINE-02")


class OneAccount:
    """A directory of one account, `alice` with password `secret`."""

    def __init__(self) -> None:
        secrets = {name: ha1("alice", REALM, "secret", name) for name in ("SHA-256", "MD5")}
        self.alice = Account("alice", E164("+819000000001"), Access.OS, secrets)

    def line(self, number: E164) -> Line | None:
        return None

    def account(self, user: str) -> Account | None:
        return self.alice if user == "alice" else None

    def accounts_of(self, number: E164) -> tuple[Account, ...]:
        return (self.alice,)

    def accounts_at(self, host: str) -> tuple[Account, ...]:
        return ()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def authenticator(notes: Notes) -> Authenticator:
    policy = AuthenticationPolicy(REALM, failures_per_user=5, failures_per_host=12)
    return Authenticator(OneAccount(), policy, notes)


def request(*fields: str, user: str = "alice") -> Request:
    lines = [
        "REGISTER sip:tokuban SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK1",
        f"From: <sip:{user}@tokuban>;tag=1",
        f"To: <sip:{user}@tokuban>",
        "Call-ID: 1",
        "CSeq: 1 REGISTER",
        *fields,
    ]
    message = parse(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert isinstance(message, Request)
    return message


def challenge(authenticator: Authenticator, asked: Request, flow: Flow = FLOW) -> Challenge:
    with pytest.raises(Challenge) as caught:
        authenticator.account_of(asked, flow)
    return caught.value


def credentials(given: Challenge, user: str = "alice", password: str = "secret") -> str:
    values = [value for _, value in given.headers]
    authorization = authorize(
        values, user=user, password=password, method="REGISTER", uri="sip:tokuban", cnonce="c"
    )
    return f"Authorization: {authorization}"


def test_a_stranger_is_challenged_with_sha256_first(authenticator: Authenticator) -> None:
    given = challenge(authenticator, request())
    algorithms = [value.partition("algorithm=")[2].partition(",")[0] for _, value in given.headers]
    assert (given.status, algorithms) == (401, ["SHA-256", "MD5"])


def test_the_right_password_names_the_account(authenticator: Authenticator) -> None:
    given = challenge(authenticator, request())
    assert authenticator.account_of(request(credentials(given)), FLOW).user == "alice"


def test_a_wrong_password_and_an_unknown_user_look_alike(authenticator: Authenticator) -> None:
    given = challenge(authenticator, request())
    wrong = challenge(authenticator, request(credentials(given, password="guess")))
    unknown = challenge(authenticator, request(credentials(given, user="bob"), user="bob"))
    shapes = [
        (seen.status, [(name, value.split('nonce="')[0]) for name, value in seen.headers])
        for seen in (wrong, unknown)
    ]
    assert shapes[0] == shapes[1]


def test_a_replayed_response_is_told_to_try_again(authenticator: Authenticator) -> None:
    once = request(credentials(challenge(authenticator, request())))
    authenticator.account_of(once, FLOW)
    assert all("stale=true" in value for _, value in challenge(authenticator, once).headers)


def test_a_guesser_is_shut_out_and_only_he(authenticator: Authenticator) -> None:
    given = challenge(authenticator, request())
    for _ in range(5):
        assert challenge(authenticator, request(credentials(given, password="no"))).status == 401
    right = request(credentials(given))
    assert challenge(authenticator, right).status == 403
    assert authenticator.account_of(right, OTHER_HOST).user == "alice"


def test_a_flood_hides_no_lock_out(authenticator: Authenticator, notes: Notes) -> None:
    wrong = credentials(challenge(authenticator, request()), password="guess")
    for _ in range(150):
        challenge(authenticator, request(wrong))
    assert any("locked out" in str(facts["why"]) for _, facts in notes.lines)


def test_refusals_are_told_without_the_secret(authenticator: Authenticator, notes: Notes) -> None:
    given = challenge(authenticator, request())
    assert notes.lines == []
    wrong = credentials(given, password="guess")
    for _ in range(6):
        challenge(authenticator, request(wrong))
    reasons = [facts["why"] for _, facts in notes.lines]
    assert set(notes.events()) == {"authentication.refused"}
    assert reasons[0] == "unknown user or wrong password"
    assert reasons[-1] == "too many wrong passwords from this host: locked out for a while"
    told = str(notes.lines)
    assert "alice" in told
    assert "guess" not in told
    assert wrong.partition('response="')[2][:16] not in told


def test_a_host_that_tries_many_names_is_shut_out(authenticator: Authenticator) -> None:
    given = challenge(authenticator, request())
    statuses = [
        challenge(authenticator, request(credentials(given, user=f"u{n}"), user=f"u{n}")).status
        for n in range(13)
    ]
    assert statuses == [401] * 12 + [403]


def test_a_challenge_without_state_can_be_answered_and_repeats_itself(
    authenticator: Authenticator,
) -> None:
    headers = authenticator.challenge(request(), "5a17", monotonic())
    assert authenticator.challenge(request(), "0dd", monotonic()) != headers
    answer = authorize(
        [value for _, value in headers],
        user="alice",
        password="secret",
        method="REGISTER",
        uri="sip:tokuban",
        cnonce="c",
    )
    account = authenticator.account_of(request(f"Authorization: {answer}"), FLOW)
    assert account.user == "alice"


@pytest.mark.parametrize(("later_s", "same"), [(0.0, True), (18.0, True), (19.0, False)])
def test_a_copy_within_a_slot_of_the_nonces_life_gets_the_same_challenge(
    authenticator: Authenticator, later_s: float, same: bool
) -> None:
    begin = 18.75 * 1000
    first = authenticator.challenge(request(), "5a17", begin)
    assert (authenticator.challenge(request(), "5a17", begin + later_s) == first) is same
