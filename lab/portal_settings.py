"""The settings of the self-care portal: how long logins live, and how guessing is slowed down."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from lab.section import Section, keep_order
from provisioning.selfcare.model import Limits, Slowdown

ORDERED = (
    ("account_delay_max_s", "address_delay_max_s"),
    ("first_delay_s", "account_delay_max_s"),
    ("session_idle_s", "session_life_s"),
)
"""Settings of which the first must not be more than the second."""


def _origin(text: str | None) -> str | None:
    """`https://HOST` or `https://HOST:PORT`: the portal's place below it is fixed."""
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        known = parts.hostname is not None and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.scheme != "https" or parts.path.strip("/") or parts.query:
        raise ValueError("must be https:// and a host name, for example https://selfcare.example")
    return text.rstrip("/")


def _networks(text: str) -> str:
    """Addresses and networks, comma-separated; a name would have to be asked of a name server."""
    try:
        for each in _parts(text):
            ipaddress.ip_network(each)
    except ValueError as error:
        raise ValueError(
            f"{error}: write addresses or networks, for example 127.0.0.1, 10.0.0.0/24"
        ) from None
    return text


def _parts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


class PortalSettings(Section):
    """The customers' own pages (N050-05); every number here is an assumption."""

    insecure_http: bool = Field(
        default=False,
        description="Serve the portal over plain HTTP to other hosts too: passwords then cross "
        "the network readable. For a laboratory's closed network alone.",
    )
    url: Annotated[str | None, AfterValidator(_origin)] = Field(
        default=None,
        examples=["https://selfcare.example.jp"],
        description="Address of the portal behind a proxy of `proxies` that speaks HTTPS; cookies "
        "are Secure there. Absent: plain HTTP on this host alone.",
    )
    hosts: str = Field(
        default="",
        examples=["carrier.lab, 192.0.2.10"],
        description="Names and addresses, comma-separated, by which browsers may call the portal "
        "besides those of this host; with any other it is refused.",
    )
    proxies: Annotated[str, AfterValidator(_networks)] = Field(
        default="127.0.0.1, ::1",
        examples=["127.0.0.1, 192.0.2.80, 2001:db8:1::/64"],
        description="Addresses and networks, comma-separated, of the proxies whose "
        "X-Forwarded-Proto and X-Forwarded-For are believed; empty: nobody's.",
    )
    support: str = Field(
        default="support@tokuban.example",
        min_length=1,
        description="Whom a customer is told to ask, on pages and in refusals (N050-01).",
    )
    code_life_s: int = Field(
        default=600, ge=60, le=3600, description="Life of a mailed login code, business time."
    )
    code_tries: int = Field(
        default=5, ge=1, le=10, description="Wrong codes after which a login begins anew."
    )
    session_idle_s: int = Field(
        default=900, ge=60, description="A session that is not used for so long ends."
    )
    session_life_s: int = Field(
        default=28_800, ge=60, description="A session ends after so long, however busy."
    )
    account_tries: int = Field(
        default=5, ge=1, description="Logins one ID may fail before its next tries must wait."
    )
    address_tries: int = Field(
        default=20, ge=1, description="Logins one address may fail before its next tries must wait."
    )
    first_delay_s: int = Field(
        default=30, ge=1, description="The first wait; each further failure doubles it."
    )
    account_delay_max_s: int = Field(
        default=900, ge=1, description="The longest wait of an ID: no stranger keeps its owner out."
    )
    address_delay_max_s: int = Field(
        default=3600,
        ge=1,
        description="The longest wait of an address; at least `account_delay_max_s`, so that one "
        "address cannot keep an ID waiting all the time.",
    )
    forget_s: int = Field(
        default=86_400, ge=3600, description="Failures count no more after so long without one."
    )
    device_days: int = Field(
        default=180, ge=1, le=400, description="How long a browser that logged in stays known."
    )
    password_min: int = Field(
        default=10, ge=8, le=64, description="Fewest characters of a password a customer chooses."
    )

    @model_validator(mode="after")
    def _ordered(self) -> "PortalSettings":
        keep_order(self, ORDERED)
        return self

    @property
    def names(self) -> frozenset[str]:
        """The hosts of `hosts`, as a Host header writes them without a port."""
        return frozenset(name.strip("[]").lower() for name in _parts(self.hosts))

    @property
    def trusted(self) -> tuple[str, ...]:
        """The networks of `proxies`, as a socket for IPv6 alone and one for both see them."""
        networks = [ipaddress.ip_network(each) for each in _parts(self.proxies)]
        mapped = (
            f"::ffff:{each.network_address}/{96 + each.prefixlen}"
            for each in networks
            if each.version == 4
        )
        return (*map(str, networks), *mapped)

    @property
    def limits(self) -> Limits:
        """The same for the office."""
        return Limits(
            code_life_s=self.code_life_s,
            code_tries=self.code_tries,
            idle_s=self.session_idle_s,
            life_s=self.session_life_s,
            account=Slowdown(self.account_tries, self.first_delay_s, self.account_delay_max_s),
            address=Slowdown(self.address_tries, self.first_delay_s, self.address_delay_max_s),
            forget_s=self.forget_s,
            device_life_s=self.device_days * 86_400,
            password_least=self.password_min,
        )
