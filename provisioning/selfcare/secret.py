"""Tokens, their hashes and the keyed digests of codes: what may be stored, and what is shown."""

import hashlib
import hmac
import secrets

TOKEN_BYTES = 32
"""256 bits: nobody guesses a token, so its plain SHA-256 may be stored."""


def token() -> str:
    """A fresh random token, fit for a cookie."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hashed(value: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def code_mac(ticket: str, code: str) -> str:
    """What is stored of a code: keyed by its ticket, which is nowhere, so no search finds it."""
    return _mac(ticket, "code", code)


def csrf(cookie: str) -> str:
    """The form secret of a session; known only to whoever has the cookie, and stored nowhere."""
    return _mac(cookie, "csrf", "")


def mail_ticket(csrf_secret: str) -> str:
    """The ticket of a session's change of mail address: there is one at a time, and no cookie."""
    return _mac(csrf_secret, "mail", "")


def form_token(csrf_secret: str) -> str:
    """A token for one form of a session."""
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{_mac(csrf_secret, 'form', nonce)}"


def is_form_token(csrf_secret: str, given: str) -> bool:
    """Whether `given` was made by this session's `form_token`."""
    nonce, _, mac = given.partition(".")
    return same(mac, _mac(csrf_secret, "form", nonce))


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal; the time says nothing about where they differ."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def _mac(key: str, purpose: str, text: str) -> str:
    parts = (key, f"{purpose}:{text}")
    key_bytes, message = (part.encode("utf-8", "surrogatepass") for part in parts)
    return hmac.digest(key_bytes, message, "sha256").hex()
