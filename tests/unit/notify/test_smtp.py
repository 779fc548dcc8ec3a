"""The way to a server: secured, logged in, and said in a person's words when there is none."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioning.notify.address import StartTls
from provisioning.notify.model import Mail
from provisioning.notify.smtp import MailServer, SmtpPostman, Unreachable
from tests.support.mail_server import QUICK, ScriptedServer, mail_server

MARKER = "marker-password-5521"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=36_500))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return path


def of_the_server(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def hand_over(server: MailServer) -> None:
    async with SmtpPostman(server).session() as session:
        await session.offer("noreply@tokuban.example", "a@b.example")
        await session.hand_over(b"Subject: x\r\n\r\ny\r\n")


@pytest.mark.parametrize("starttls", [StartTls.REQUIRED, StartTls.OFFERED])
async def test_it_is_secured_before_the_login(certificate: Path, starttls: StartTls) -> None:
    async with mail_server(of_the_server(certificate)) as server:
        login = {"user": "tokuban", "password": MARKER}
        await hand_over(server.server(starttls=starttls, authorities=certificate, **login))
        assert server.logins == [(b"tokuban", MARKER.encode())]
        assert len(server.taken) == 1


async def test_a_stranger_with_a_certificate_of_its_own_gets_no_login(certificate: Path) -> None:
    async with mail_server(of_the_server(certificate)) as server:
        login = {"user": "tokuban", "password": MARKER}
        with pytest.raises(Unreachable, match="cannot be reached") as refused:
            await hand_over(server.server(starttls=StartTls.REQUIRED, **login))
        assert server.logins == []
        assert MARKER not in str(refused.value)


async def test_where_it_must_be_secured_and_cannot_nothing_is_said(server: ScriptedServer) -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        await hand_over(server.server(starttls=StartTls.REQUIRED, user="u", password=MARKER))
    assert (server.logins, server.offers) == ([], 0)


async def test_a_refused_login_says_what_to_check(server: ScriptedServer) -> None:
    with pytest.raises(Unreachable, match=r"user and password of mail\.server") as refused:
        await hand_over(server.server(user="tokuban", password="wrong"))
    assert "wrong" not in str(refused.value)


async def test_no_representation_shows_the_password() -> None:
    server = MailServer("mail.example", 587, user="tokuban", password=MARKER)
    assert MARKER not in repr(server) + repr(SmtpPostman(server))


async def test_nobody_there_is_said_with_the_place() -> None:
    async with mail_server() as gone:
        place = gone.server(waits=QUICK)
    with pytest.raises(Unreachable, match=f"127.0.0.1:{gone.port} cannot be reached"):
        await hand_over(place)


async def test_a_refused_sender_is_not_the_mails_fault(server: ScriptedServer) -> None:
    """A relay that wants a login says so at MAIL: every mail waits, none is refused."""

    async def refuse(*_: object) -> str:
        return "530 5.7.0 authentication required"

    server.handle_MAIL = refuse  # type: ignore[attr-defined]
    with pytest.raises(Unreachable, match="refuses our sender"):
        await hand_over(server.server())


def test_a_mail_shows_none_of_its_text() -> None:
    assert MARKER not in repr(Mail("a@b.example", "subject", MARKER, f"<p>{MARKER}"))
