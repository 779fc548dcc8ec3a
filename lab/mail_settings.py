"""The settings of mail."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from lab.section import Section
from lab.sip_settings import Address
from provisioning.contract import ContractError
from provisioning.notify.address import Sender, ServerAddress, StartTls


def _mail_server(url: SecretStr | None) -> SecretStr | None:
    if url is not None:
        _plainly(ServerAddress.parsed, url.get_secret_value())
    return url


def _mail_sender(text: str) -> str:
    _plainly(Sender.parsed, text)
    return text


def _plainly(parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except ContractError as error:
        raise ValueError(str(error)) from None


class MailSettings(Section):
    """Mail: through which server it goes; without one the laboratory catches it."""

    server: Annotated[SecretStr | None, AfterValidator(_mail_server)] = Field(
        default=None,
        examples=["smtp://user:password@mail.example:587"],
        description="Mail server as smtp://user:password@host:port, or smtps://… for TLS from the "
        "first byte (ports 587 and 465 when none is written); absent: the laboratory's catcher.",
    )
    sender: Annotated[str, AfterValidator(_mail_sender)] = Field(
        default="特番通信サービス <noreply@tokuban.example>",
        description="From whom mails come, as 名前 <address>.",
    )
    starttls: StartTls = Field(
        default=StartTls.REQUIRED,
        description="Whether an smtp:// connection is secured by STARTTLS (RFC 3207): `required`, "
        "where the server `offered` it, or `off` for a server on a trusted wire.",
    )
    ca_file: Path | None = Field(
        default=None,
        examples=["ca.pem"],
        description="Certificates that vouch for the server; absent: those of this host.",
    )
    command_timeout_s: float = Field(
        default=300.0, gt=0, le=600, description="Wait for a reply (RFC 5321 §4.5.3.2)."
    )
    data_timeout_s: float = Field(
        default=600.0,
        gt=0,
        le=600,
        description="Wait for the reply that ends a mail; a short one makes mails doubtful.",
    )
    first_retry_s: float = Field(
        default=5.0, gt=0, le=3600, description="Delay before the second try; it then doubles."
    )
    longest_retry_s: float = Field(
        default=1800.0, gt=0, le=86_400, description="Longest delay between two tries."
    )
    give_up_h: float = Field(
        default=96.0, gt=0, description="Hours until an undelivered mail is given up."
    )
    catcher_host: Address = Field(
        default="127.0.0.1",
        description="Address the catcher listens on; it takes mail from whoever reaches it.",
    )
    catcher_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        examples=[1025],
        description="Port of the catcher, which takes mail from any program; 0 takes a free one; "
        "absent: 1025, or a free one when that is taken.",
    )
    catcher_keeps: int = Field(
        default=500, ge=1, le=100_000, description="Caught mails remembered; older ones go."
    )
