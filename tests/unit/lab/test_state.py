"""The state of a running carrier: reset, saved, loaded, seeded anew, with phones at it (LAB-03)."""

import asyncio
import json
import re
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.ua.outbound import Answered, Phone, PhoneSettings
from lab import seeds
from lab.bootstrap import Carrier
from lab.client import Carrier as Client
from lab.errors import Refused
from lab.settings import HttpSettings, MediaSettings, Settings, StorageSettings
from lab.sip_settings import SipSettings
from tests.support.ports import LOOPBACK, free_range
from tests.support.wire import WirePhone

pytestmark = pytest.mark.rule("LAB-03")

USER, PASSWORD = "09000000001", "demo0001"
PATIENCE_S = 30.0
FORWARDING = f"/v1/lines/{USER}/forwarding"

SEED = """\
lines:
  - number: 0312345678
    profile: ntt
    ma: 東京
    prefecture: 東京都
    accounts: [{user: 0312345678, password: marker-secret}]
"""

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[Carrier]:
    low, high = free_range(40)
    settings = Settings(
        sip=SipSettings(port=0),
        http=HttpSettings(port=0),
        media=MediaSettings(rtp_ports=f"{low}-{high}"),
        storage=StorageSettings(folder=tmp_path / "data"),
    )
    carrier = Carrier(settings, seeds.demo())
    await carrier.start()
    yield carrier
    await carrier.stop()


@pytest.fixture
def ask(carrier: Carrier) -> Ask:
    """Ask the carrier over HTTP: method, path, body."""
    client = Client(carrier.standing.http)

    async def ask(method: str, path: str, body: Any = None) -> Any:
        return await asyncio.to_thread(client.send, method, path, body)

    return ask


async def fetch(carrier: Carrier, path: str) -> str:
    """The text at an open path, or one that programs on this host may ask."""

    def fetch() -> str:
        with urllib.request.urlopen(carrier.standing.http + path, timeout=PATIENCE_S) as answer:
            text: str = answer.read().decode()
            return text

    return await asyncio.to_thread(fetch)


async def registrations(carrier: Carrier) -> tuple[list[str], int]:
    """Users with a binding in the store, and how many the registrar has in memory."""
    stored = json.loads(await fetch(carrier, f"/v1/lines/{USER}/registrations"))
    figures = await fetch(carrier, "/metrics")
    (known,) = re.findall(r"^tokuban_registered_users (\d+)", figures, re.MULTILINE)
    return [each["user"] for each in stored], int(known)


async def register(carrier: Carrier) -> int | None:
    def once() -> int | None:
        with WirePhone((LOOPBACK, carrier.sip_port), USER, PASSWORD) as phone:
            return phone.register(expires_s=300).status

    return await asyncio.to_thread(once)


async def use(carrier: Carrier, ask: Ask) -> None:
    """What a morning of testing leaves behind."""
    assert await register(carrier) == 200
    assert await registrations(carrier) == ([USER], 1)
    forwarded = {"no_answer": {"active": True, "target": "+81312345678"}, "ring_time_s": 20}
    await ask("PUT", FORWARDING, forwarded)
    await ask("POST", "/v1/customers", customer("朝の客"))
    await ask("PUT", "/lab/clock", {"advance_s": 86_400})


def customer(name: str) -> dict[str, str]:
    return {
        "kind": "consumer",
        "name": name,
        "postal_code": "100-0001",
        "address": "東京都千代田区千代田1-1",
        "phone": "03-1234-5678",
        "mail": "morning@tokuban.example",
    }


async def names(ask: Ask) -> list[str]:
    return [each["name"] for each in (await ask("GET", "/v1/customers"))["items"]]


async def test_a_reset_leaves_the_seed_and_nothing_else(carrier: Carrier, ask: Ask) -> None:
    await use(carrier, ask)
    assert await ask("POST", "/lab/reset") == {"calls_ended": 0}
    assert await registrations(carrier) == ([], 0)
    assert not (await ask("GET", FORWARDING))["no_answer"]["active"]
    assert await names(ask) == ["特番デモ商事"]
    clock = await ask("GET", "/lab/clock")
    assert (clock["state"], clock["offset_s"]) == ("running", 0)
    assert (await ask("POST", "/v1/customers", customer("次の客")))["id"] == "C00000002"
    assert await register(carrier) == 200


async def test_what_was_saved_comes_back_to_phones_and_clock(carrier: Carrier, ask: Ask) -> None:
    await use(carrier, ask)
    await ask("PUT", "/lab/clock", {"freeze": True})
    saved = await ask("PUT", "/lab/snapshots/morning")
    await ask("POST", "/lab/reset")
    await ask("POST", "/lab/snapshots/morning/load")
    assert await registrations(carrier) == ([USER], 1)
    assert (await ask("GET", FORWARDING))["ring_time_s"] == 20
    assert await names(ask) == ["特番デモ商事", "朝の客"]
    now = (await ask("GET", "/lab/clock"))["now"]
    assert datetime.fromisoformat(now) == datetime.fromisoformat(saved["business_at"])
    assert (await ask("GET", "/lab/snapshots"))["items"] == [saved]
    assert await ask("DELETE", "/lab/snapshots/morning") == {}
    with pytest.raises(Refused, match="404 no snapshot is called morning"):
        await ask("POST", "/lab/snapshots/morning/load")


async def test_running_calls_end_and_the_next_one_is_taken(carrier: Carrier, ask: Ask) -> None:
    server = (LOOPBACK, carrier.sip_port)
    phone = await Phone.open(PhoneSettings(server, USER, PASSWORD, rtp_ports=free_range(40)))
    async with asyncio.timeout(PATIENCE_S):
        call = phone.dial("000002")
        assert await call.outcome == Answered()
        assert await ask("POST", "/lab/reset") == {"calls_ended": 1}
        await call.over.wait()
        again = phone.dial("000002")
        assert await again.outcome == Answered()
        again.hang_up()
        await again.over.wait()
    await phone.close()
    assert phone.failures == []


async def test_another_seed_is_taken_and_is_what_a_reset_goes_back_to(
    carrier: Carrier, ask: Ask
) -> None:
    assert await ask("POST", "/lab/seed", SEED) == {"lines": 1, "customers": 0, "blocks": 0}
    for _ in range(2):
        lines = (await ask("GET", "/v1/lines"))["items"]
        assert [each["number"] for each in lines] == ["+81312345678"]
        assert await register(carrier) == 401
        await ask("POST", "/lab/reset")
    assert await names(ask) == []


@pytest.mark.parametrize(
    ("seed", "told"),
    [
        (SEED.replace("ntt", "docom"), "seed:3:14: line 1, profile: 'docom' is unknown"),
        ("lines: [", "not YAML"),
        ("", "the file is empty"),
    ],
)
async def test_a_wrong_seed_changes_nothing(
    carrier: Carrier, ask: Ask, seed: str, told: str
) -> None:
    with pytest.raises(Refused, match="422 .*" + re.escape(told)):
        await ask("POST", "/lab/seed", seed)
    assert len((await ask("GET", "/v1/lines"))["items"]) == 4


async def test_the_schema_is_served(ask: Ask) -> None:
    assert (await ask("GET", "/lab/seed/schema"))["$id"] == "urn:tokuban:seed"
