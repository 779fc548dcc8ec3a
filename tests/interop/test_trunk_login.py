"""A provider on the wire that asks for our password, for REGISTER and for calls."""

import hashlib
import re
import secrets
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.open_phone import OpenPhone, Ringing
from tests.support.waiting import until
from tests.support.wire import Message, WireCall, WirePhone, token

pytestmark = [pytest.mark.interop, pytest.mark.rule("CALL-01")]

LINE = lines.WIRE
USER, PASSWORD = "us-0990", "marker-of-login"
HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
"""By their names in RFC 8760 §2.1, as OpenSSL calls them."""


class Provider(OpenPhone):
    """Another carrier's registrar and proxy; it believes whoever knows the password."""

    @property
    def trunk(self) -> dict[str, Any]:
        """What it is to the carrier."""
        return {
            "name": "wire-provider",
            "caller_class": "fixed",
            "peers": [f"{self.host}:{self.port}"],
            "prefixes": ["0990"],
            "login": USER,
            "login_password": PASSWORD,
        }

    def challenge_of(self, request: Message, algorithm: str, status: int) -> str:
        """Refuse a request; the nonce it is to be asked again with."""
        nonce = secrets.token_hex(8)
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        value = f'Digest realm="provider", nonce="{nonce}", algorithm={algorithm}, qop="auth"'
        self.reply(request, f"{status} Who Are You", [f"{name}: {value}"])
        return nonce

    def reply(self, request: Message, status: str, extra: list[str]) -> None:
        lines = [f"SIP/2.0 {status}"]
        for name in ("Via", "From", "Call-ID", "CSeq"):
            lines += [f"{name}: {value}" for value in request.all(name)]
        lines.append(f"To: {request.get('To')};tag={token()}")
        self.send("\r\n".join([*lines, *extra, "Content-Length: 0", "", ""]))

    def asked(self, method: str, algorithm: str, status: int) -> Message:
        """The request that proves what its challenge asked for."""
        nonce = self.challenge_of(self.expect_request(method), algorithm, status)
        while True:
            request = self.expect_request(method)
            name = "Authorization" if status == 401 else "Proxy-Authorization"
            proof = dict(re.findall(r'(\w+)="?([^",]+)"?', request.get(name)))
            if proof:
                break

        def digest(text: str) -> str:
            return hashlib.new(HASHES[algorithm], text.encode()).hexdigest()

        ha1 = digest(f"{USER}:provider:{PASSWORD}")
        ha2 = digest(f"{method}:{request.start.split()[1]}")
        middle = f"{nonce}:{proof['nc']}:{proof['cnonce']}:auth"
        assert proof["response"] == digest(f"{ha1}:{middle}:{ha2}")
        assert (proof["username"], proof["nonce"]) == (USER, nonce)
        return request


def send(carrier: Carrier, method: str, path: str, body: Any = None) -> None:
    with urllib.request.urlopen(carrier.request(path, method, body), timeout=10) as answer:
        assert answer.status < 300


@pytest.fixture
def provider(carrier: Carrier) -> Iterator[Provider]:
    with Provider(carrier.address, "provider", "127.0.0.41") as peer:
        yield peer
        send(carrier, "DELETE", "/v1/trunks/wire-provider")


@pytest.mark.parametrize(("algorithm", "status"), [("MD5", 407), ("SHA-512-256", 401)])
def test_a_call_goes_out_with_our_password(
    carrier: Carrier, provider: Provider, algorithm: str, status: int
) -> None:
    send(carrier, "POST", "/v1/trunks", provider.trunk)
    with (
        WirePhone(carrier.address, LINE.number, LINE.password) as phone,
        WireCall(phone, "0990123456") as call,
    ):
        branch = token("z9hG4bK")
        phone.send(call.invite(branch))
        invite = provider.asked("INVITE", algorithm, status)
        with Ringing(provider, invite) as ringing:
            ringing.accept()
            assert call.wait_final(branch).status == 200
            assert call.bye().status == 200
            provider.answer(provider.expect_request("BYE"))
    assert PASSWORD not in carrier.log


def test_we_register_where_that_is_wanted_and_take_it_back(
    carrier: Carrier, provider: Provider
) -> None:
    send(carrier, "POST", "/v1/trunks", provider.trunk | {"registers": True})
    request = provider.asked("REGISTER", "SHA-256", 401)
    host, port = carrier.address
    assert request.get("Contact") == f"<sip:{USER}@{host}:{port}>"
    assert request.get("To") == f"<sip:{USER}@127.0.0.41>"
    provider.reply(request, "200 OK", [f"Contact: {request.get('Contact')};expires=300"])
    until(lambda: "trunk.registered" in carrier.log, "the registration in the log")
    send(carrier, "DELETE", "/v1/trunks/wire-provider")
    gone = provider.asked("REGISTER", "SHA-256", 401)
    assert gone.get("Expires") == "0"
    provider.reply(gone, "200 OK", [])
    send(carrier, "POST", "/v1/trunks", provider.trunk)
    assert PASSWORD not in carrier.log
