"""Digest authentication: RFC 7616, RFC 8760, RFC 3261 §22."""

import hashlib
from collections.abc import Mapping

import pytest

from ivr.sip.abnf import GrammarError
from ivr.sip.digest import (
    Challenge,
    DigestServer,
    Outcome,
    Verdict,
    authorize,
    ha1,
    parse_fields,
)
from ivr.sip.nonces import Nonces

REALM = "carrier.example"
USERS = {
    "taro": {algorithm: ha1("taro", REALM, "demo", algorithm) for algorithm in ("MD5", "SHA-256")},
    "sha": {"SHA-256": ha1("sha", REALM, "demo", "SHA-256")},
}
URI = "sip:carrier.example"


def _server(algorithms: tuple[str, ...] = ("SHA-256", "MD5")) -> DigestServer:
    return DigestServer(REALM, Nonces(b"k" * 32), algorithms)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _credentials(
    server: DigestServer,
    *,
    user: str = "taro",
    password: str = "demo",
    only: str = "",
    uri: str = URI,
    nc: int = 1,
    now: float = 100.0,
) -> str:
    challenges = [value for value in server.challenges(now, "salt") if only in value]
    return authorize(
        challenges, user=user, password=password, method="REGISTER", uri=uri, cnonce="c0", nc=nc
    )


def _lookup(user: str) -> Mapping[str, str] | None:
    return USERS.get(user)


def _verify(
    server: DigestServer,
    *credentials: str,
    method: str = "REGISTER",
    uri: str = URI,
    now: float = 100.0,
) -> Verdict:
    return server.verify(credentials, method=method, request_uri=uri, ha1_of=_lookup, now=now)


class TestRfc7616Example:
    """§3.9.1."""

    NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"

    def _response(self, algorithm: str) -> str:
        challenge = Challenge("http-auth@example.org", self.NONCE, algorithm, ("auth", "auth-int"))
        value = authorize(
            [str(challenge._replace(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"))],
            user="Mufasa",
            password="Circle of Life",
            method="GET",
            uri="/dir/index.html",
            cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        )
        fields = parse_fields(value)
        assert fields["opaque"] == "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
        assert (fields["qop"], fields["nc"]) == ("auth", "00000001")
        return fields["response"]

    def test_md5(self) -> None:
        assert self._response("MD5") == "8ca523f5e9506fed4657c9700eebdbec"

    def test_sha_256(self) -> None:
        assert self._response("SHA-256") == (
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        )


class TestChallenges:
    def test_sha_256_comes_first(self) -> None:
        challenges = [Challenge.parse(value) for value in _server().challenges(100.0, "salt")]
        assert [challenge.algorithm for challenge in challenges] == ["SHA-256", "MD5"]
        assert {challenge.realm for challenge in challenges} == {REALM}
        assert {challenge.qop for challenge in challenges} == {("auth",)}
        assert not any(challenge.stale for challenge in challenges)

    def test_stale(self) -> None:
        (value, _) = _server().challenges(100.0, "salt", stale=True)
        assert Challenge.parse(value).stale


class TestVerify:
    @pytest.mark.parametrize("only", ["MD5", "SHA-256", ""])
    def test_right(self, only: str) -> None:
        server = _server()
        assert _verify(server, _credentials(server, only=only)) == (Outcome.OK, "taro")

    @pytest.mark.parametrize(
        "credentials",
        [(), ("Basic dGFybzpkZW1v",), ("Digest ",), ('Digest realm="elsewhere"',), ("",)],
    )
    def test_none_for_our_realm(self, credentials: tuple[str, ...]) -> None:
        assert _verify(_server(), *credentials) == (Outcome.NO_CREDENTIALS, None)

    def test_ours_among_others(self) -> None:
        server = _server()
        good = _credentials(server)
        other = good.replace(REALM, "elsewhere")
        assert _verify(server, "junk", other, good).outcome is Outcome.OK

    def test_wrong_password_and_unknown_user_look_alike(self) -> None:
        server = _server()
        wrong = _verify(server, _credentials(server, password="demo2"))
        unknown = _verify(server, _credentials(server, user="nobody"))
        assert wrong == unknown == (Outcome.WRONG, None)

    def test_the_dummy_secret_opens_no_door(self) -> None:
        """Somebody who knows what stands in for a missing HA1 gains nothing by it."""
        server = _server()
        for user in ("nobody", "sha"):
            fields = parse_fields(_credentials(server, user=user, only="MD5"))
            response = _md5(
                f"{'0' * 32}:{fields['nonce']}:00000001:c0:auth:{_md5('REGISTER:' + URI)}"
            )
            forged = _credentials(server, user=user, only="MD5").replace(
                fields["response"], response
            )
            assert _verify(server, forged) == (Outcome.WRONG, None)

    def test_an_algorithm_that_was_not_offered(self) -> None:
        credentials = _credentials(_server(), only="MD5")
        assert _verify(_server(("SHA-256",)), credentials).outcome is Outcome.WRONG

    def test_the_method_counts(self) -> None:
        server = _server()
        assert _verify(server, _credentials(server), method="INVITE").outcome is Outcome.WRONG

    def test_the_uri_must_be_the_requests(self) -> None:
        server = _server()
        elsewhere = _credentials(server, uri="sip:premium@carrier.example")
        assert _verify(server, elsewhere).outcome is Outcome.WRONG

    def test_an_equal_uri_written_in_another_way(self) -> None:
        server = _server()
        assert (
            _verify(server, _credentials(server, uri="sip:CARRIER.example")).outcome is Outcome.OK
        )

    def test_an_old_nonce_with_the_right_password_is_stale(self) -> None:
        server = _server()
        assert _verify(server, _credentials(server), now=401.0) == (Outcome.STALE, "taro")

    def test_an_old_nonce_with_a_wrong_password_is_wrong(self) -> None:
        server = _server()
        wrong = _credentials(server, password="x")
        assert _verify(server, wrong, now=401.0).outcome is Outcome.WRONG

    def test_a_nonce_of_another_key_is_stale(self) -> None:
        other = DigestServer(REALM, Nonces(b"o" * 32))
        assert _verify(_server(), _credentials(other)).outcome is Outcome.STALE

    def test_a_replay_is_stale(self) -> None:
        server = _server()
        credentials = _credentials(server)
        assert _verify(server, credentials).outcome is Outcome.OK
        assert _verify(server, credentials).outcome is Outcome.STALE
        assert _verify(server, _credentials(server, nc=2)).outcome is Outcome.OK

    def test_a_wrong_password_uses_up_no_count(self) -> None:
        server = _server()
        _verify(server, _credentials(server, password="x"))
        assert _verify(server, _credentials(server)).outcome is Outcome.OK

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("nc=00000001", "nc=1"),
            ("nc=00000001", "nc=00000000"),
            ("nc=00000001", "nc=0000000g"),
            ("qop=auth", "qop=auth-int"),
            ('cnonce="c0"', 'cnonce=""'),
            ('username="taro"', 'username=""'),
            ("nc=00000001, ", ""),
            ('response="', 'response="f'),
            ("algorithm=SHA-256", "algorithm=SHA-256-sess"),
            ("algorithm=SHA-256", "algorithm=CRC32"),
        ],
    )
    def test_broken_fields(self, old: str, new: str) -> None:
        server = _server()
        credentials = _credentials(server)
        assert old in credentials
        assert _verify(server, credentials.replace(old, new)).outcome is Outcome.WRONG


class TestWithoutQop:
    """RFC 2069 clients: MD5 alone, each nonce once."""

    def _old(self, server: DigestServer, algorithm: str = "MD5") -> str:
        nonce = Challenge.parse(server.challenges(100.0, "salt")[0]).nonce
        bare = str(Challenge(REALM, nonce, algorithm))
        return authorize(
            [bare], user="taro", password="demo", method="REGISTER", uri=URI, cnonce="c0"
        )

    def test_once(self) -> None:
        server = _server()
        credentials = self._old(server)
        assert "qop" not in credentials
        response = _md5(
            f"{USERS['taro']['MD5']}:{parse_fields(credentials)['nonce']}:{_md5('REGISTER:' + URI)}"
        )
        assert parse_fields(credentials)["response"] == response
        assert _verify(server, credentials).outcome is Outcome.OK
        assert _verify(server, credentials).outcome is Outcome.STALE

    def test_not_after_a_counted_use(self) -> None:
        server = _server()
        assert _verify(server, _credentials(server)).outcome is Outcome.OK
        assert _verify(server, self._old(server)).outcome is Outcome.STALE

    def test_not_with_sha_256(self) -> None:
        server = _server()
        assert _verify(server, self._old(server, "SHA-256")).outcome is Outcome.WRONG


class TestAuthorize:
    def test_sha_256_is_preferred_whatever_the_order(self) -> None:
        server = _server()
        challenges = list(reversed(server.challenges(1.0, "salt")))
        value = authorize(
            challenges, user="taro", password="demo", method="REGISTER", uri=URI, cnonce="c"
        )
        assert parse_fields(value)["algorithm"] == "SHA-256"

    def test_the_password_is_not_in_the_value(self) -> None:
        assert "hunter2" not in _credentials(_server(), password="hunter2")

    def test_names_with_quotes(self) -> None:
        value = _credentials(_server(), user='a"b\\')
        assert parse_fields(value)["username"] == 'a"b\\'

    @pytest.mark.parametrize(
        "challenges",
        [
            [],
            ["Basic realm=x"],
            ['Digest realm="x"'],
            ['Digest realm="x", nonce="n", algorithm=CRC32'],
            ['Digest realm="x", nonce="n", qop="auth-int"'],
        ],
    )
    def test_nothing_to_answer(self, challenges: list[str]) -> None:
        with pytest.raises(GrammarError):
            authorize(challenges, user="u", password="p", method="M", uri="sip:x", cnonce="c")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic x",
        "Digest",
        "Digest a",
        "Digest a=",
        'Digest a="open',
        "Digest a=1 b=2",
        "Digest a=1,",
        "Digest a=1, A=2",
        'Digest a="' + "\\\\" * 20_000,
    ],
)
def test_broken_values(value: str) -> None:
    with pytest.raises(GrammarError):
        parse_fields(value)


def test_fields_are_unquoted() -> None:
    assert parse_fields('Digest  Realm = "a, b" ,qop=auth,\tnc="00000001"') == {
        "realm": "a, b",
        "qop": "auth",
        "nc": "00000001",
    }
