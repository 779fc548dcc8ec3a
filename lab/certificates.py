"""The laboratory's certificates: an authority that phones import, and the carrier's under it.

Four files in a folder of their own; a key is readable by its owner alone. What is still good is
kept, so that phones import the authority once.
"""

import ipaddress
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER = "tls"
AUTHORITY, AUTHORITY_KEY = "ca.pem", "ca.key"
SERVER, SERVER_KEY = "server.pem", "server.key"

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
"""Browsers take no server certificate that lives longer (CA/Browser Forum, 398 days)."""
RENEW_DAYS = 30
"""What ends sooner is made anew."""
_SKEW = timedelta(hours=1)
"""A phone's clock may be late by so much."""

ALWAYS = ("localhost", "127.0.0.1", "::1")
"""Names every server certificate has, so that a phone on this host needs no other."""


class Unusable(Exception):
    """A file that is there and cannot be used: which, and what to do."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def good_at(self, now: float) -> bool:
        """Whether it is valid and stays so for `RENEW_DAYS`; `now` in UTC epoch seconds."""
        instant = datetime.fromtimestamp(now, UTC)
        ends = self.certificate.not_valid_after_utc - timedelta(days=RENEW_DAYS)
        return self.certificate.not_valid_before_utc <= instant < ends


@dataclass(frozen=True, slots=True)
class Renewed:
    """What `renew` left in the folder, and which of it is new."""

    authority: x509.Certificate
    server: x509.Certificate
    authority_is_new: bool
    server_is_new: bool


def renew(folder: Path, names: Sequence[str], now: float) -> Renewed:
    """Make what is missing, ends soon or lacks a name; keep the rest, and the names it had.

    Args:
        names: hosts and addresses phones connect to.
        now: UTC epoch seconds.
    Raises:
        Unusable: a file cannot be read, written or understood.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority, kept = _authority(folder, now)
        before = _read_pair(folder / SERVER, folder / SERVER_KEY)
        server = before if _still_good(before, authority.certificate, names, now) else None
        fresh = server is None
        if server is None:
            held = names_of(before.certificate) if before else ()
            server = _made_server(authority, list(dict.fromkeys([*names, *held])), now)
            _write_pair(folder, SERVER, SERVER_KEY, server)
    except OSError as error:
        raise Unusable(f"{error.filename or folder}: {error.strerror}") from None
    return Renewed(authority.certificate, server.certificate, not kept, fresh)


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The hosts and addresses it stands for."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    hosts = extension.value.get_values_for_type(x509.DNSName)
    addresses = extension.value.get_values_for_type(x509.IPAddress)
    return tuple(dict.fromkeys([*hosts, *map(str, addresses)]))


def lacking(certificate: x509.Certificate, names: Iterable[str]) -> list[str]:
    """The names it does not stand for."""
    held = {name.lower() for name in names_of(certificate)}
    return [name for name in names if name.lower() not in held]


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate of a PEM file.

    Raises:
        Unusable: it cannot be read or holds none.
    """
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from None
    except ValueError:
        raise Unusable(f"{path} holds no certificate; remove it, and make one anew") from None


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 as phones show it: octets in capitals with colons."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _authority(folder: Path, now: float) -> tuple[Pair, bool]:
    """The authority, and whether it is the one that was there."""
    pair = _read_pair(folder / AUTHORITY, folder / AUTHORITY_KEY)
    if pair is not None and pair.good_at(now):
        return pair, True
    pair = _made_authority(now)
    _write_pair(folder, AUTHORITY, AUTHORITY_KEY, pair)
    return pair, False


def _still_good(
    pair: Pair | None, authority: x509.Certificate, names: Sequence[str], now: float
) -> bool:
    if pair is None or not pair.good_at(now) or lacking(pair.certificate, names):
        return False
    try:
        pair.certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):  # of another authority
        return False
    return True


def _read_pair(certificate_path: Path, key_path: Path) -> Pair | None:
    """What the two files hold; None when both are missing or belong to different pairs."""
    if not certificate_path.exists() and not key_path.exists():
        return None
    certificate = read_certificate(certificate_path)
    try:
        key = load_pem_private_key(key_path.read_bytes(), None)
    except (ValueError, TypeError):
        raise Unusable(f"{key_path} holds no key; remove it, and make one anew") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Unusable(f"{key_path} was not made here; move it away, or set sip.certificate_key")
    return Pair(certificate, key) if certificate.public_key() == key.public_key() else None


def _made_authority(now: float) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    # A number of its own, so that a phone which knows an older authority tells them apart.
    subject = _subject(f"tokuban lab authority {secrets.token_hex(4)}")
    builder = _certificate(subject, key, now, AUTHORITY_DAYS).issuer_name(subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return Pair(builder.sign(key, hashes.SHA256()), key)


def _made_server(authority: Pair, names: Sequence[str], now: float) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _certificate(_subject(names[0]), key, now, SERVER_DAYS)
    builder = builder.issuer_name(authority.certificate.subject)
    held = x509.SubjectAlternativeName([each for name in names for each in _spelled(name)])
    purposes = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage(purposes), False),
        (held, False),
        (issuer, False),
    ):
        builder = builder.add_extension(extension, critical)
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _certificate(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, now: float, days: int
) -> x509.CertificateBuilder:
    begins = datetime.fromtimestamp(now, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins - _SKEW)
        .not_valid_after(begins + timedelta(days=days) - _SKEW)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _spelled(name: str) -> tuple[x509.GeneralName, ...]:
    """A host name, or an address as phones look for it.

    Mbed TLS before 3.6, which Linphone has, knows an address among the host names alone.
    """
    try:
        return x509.IPAddress(ipaddress.ip_address(name)), x509.DNSName(name)
    except ValueError:
        return (x509.DNSName(name),)


def _write_pair(folder: Path, certificate: str, key: str, pair: Pair) -> None:
    secret = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / key, secret, 0o600)
    _write(folder / certificate, pair.certificate.public_bytes(Encoding.PEM), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    """Replace a file in one step; nobody but the owner could read its draft."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
