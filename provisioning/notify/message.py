"""Mails as messages on the wire (RFC 5322, MIME), and back."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime

from provisioning.instants import in_japan
from provisioning.notify.address import Sender
from provisioning.notify.model import Attachment, Mail

OWN_DOMAIN = "outbox.tokuban.example"
"""The right-hand side of our Message-IDs: the laboratory's catcher knows a repeated one by it."""


def written(mail: Mail, sender: Sender, message_id: str, created_at: float) -> bytes:
    """The message, the same bytes at every try; in seven-bit characters, so any server takes it."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f'"{sender.name}" <{sender.address}>' if sender.name else sender.address
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(in_japan(int(created_at)))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no holiday note answers it
    message.set_content(mail.text, cte="base64")
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html", cte="base64")
    for each in mail.attachments:
        main, _, sub = each.media_type.partition("/")
        message.add_attachment(each.data, maintype=main, subtype=sub, filename=each.name)
    return message.as_bytes()


def packed(mail: Mail) -> bytes:
    """A mail as the outbox seals it."""
    attachments = [
        (each.name, each.media_type, b64encode(each.data).decode()) for each in mail.attachments
    ]
    return json.dumps([mail.to, mail.subject, mail.text, mail.html, attachments]).encode()


def unpacked(data: bytes) -> Mail:
    """What `packed` made."""
    to, subject, text, html, attachments = json.loads(data)
    files = tuple(Attachment(name, kind, b64decode(content)) for name, kind, content in attachments)
    return Mail(to, subject, text, html, files)


@dataclass(frozen=True, slots=True)
class Read:
    """A message as a person reads it. `date` as its sender wrote it."""

    message_id: str
    sender: str
    to: str
    subject: str
    date: str
    text: str
    html: str | None
    attachments: tuple[tuple[str, str, int], ...]
    """(name, media type, bytes) of each."""


def read(raw: bytes) -> Read:
    """Any message, however broken: what cannot be decoded is replaced, never refused."""
    message = BytesParser(policy=policy.default.clone(raise_on_defect=False)).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    return Read(
        message_id=_header(message, "Message-ID"),
        sender=_header(message, "From"),
        to=_header(message, "To"),
        subject=_header(message, "Subject"),
        date=_header(message, "Date"),
        text=_text(plain) if isinstance(plain, EmailMessage) else "",
        html=_text(html) if isinstance(html, EmailMessage) else None,
        attachments=tuple(_attachments(message)),
    )


def _header(message: EmailMessage, name: str) -> str:
    """A header in one line of plain characters; broken ones make the parser raise anything."""
    try:
        value = str(message[name] or "")
    except Exception:
        return ""
    return " ".join(value.encode("utf-8", "replace").decode().replace("\0", "").split())


def _text(part: EmailMessage) -> str:
    try:
        content = part.get_content()
    except (LookupError, ValueError, AssertionError):  # an unknown charset, a broken encoding
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return str(content).encode("utf-8", "replace").decode().replace("\r\n", "\n")


def _attachments(message: EmailMessage) -> Iterator[tuple[str, str, int]]:
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        size = len(payload) if isinstance(payload, bytes) else 0
        yield part.get_filename("") or "", part.get_content_type(), size
