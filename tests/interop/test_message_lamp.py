"""The lamps of real phones: by subscription and unasked, as messages come, are heard and go."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.scenarios.phones.baresip_phone import BaresipPhone
from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from tests.support.carrier import DOCOMO, NTT, PASSWORDS, Carrier
from tests.support.ports import free_range
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.rule("VM-07")]

BOX = f"/v1/voicemail/{DOCOMO}"
PAST_ITS_TIME_S = 72 * 3600 + 1
UNDER_LOAD_S = 5.0
"""A lamp is right within a second; a machine under load is given more."""


@pytest.fixture(scope="module")
def lit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carrier]:
    """A carrier that tells phones unasked as well, and whose clock is the test's."""
    folder = tmp_path_factory.mktemp("lamps")
    with Carrier(folder, settings="[sip]\nmwi_unsolicited = true\n") as carrier:
        yield carrier


def change(carrier: Carrier, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    with urllib.request.urlopen(carrier.request(path, method, body), timeout=20) as answer:
        said = answer.read()
    return json.loads(said) if said else None


def leave_a_message(carrier: Carrier, folder: Path) -> str:
    """Call the owner, whom nobody answers for, and speak after the tone; the message's id."""
    kept = carrier.folder / "data" / "voicemail"
    with Pjsua2Phone(folder) as caller:
        assert caller.register(NTT, PASSWORDS[NTT], carrier.address) == 200
        call = caller.dial(DOCOMO)
        call.wait_answered(60)
        until(lambda: [f for f in kept.glob("*.au") if f.stat().st_size > 12_000], "a recording")
        call.hang_up()
    (message,) = until(lambda: carrier.get(f"{BOX}/messages")["items"], "the message")
    return str(message["id"])


def test_lamps_follow_the_box(lit: Carrier, tmp_path: Path) -> None:
    carrier, password = lit, PASSWORDS[DOCOMO]
    change(carrier, "PUT", f"{BOX}/ring-time", {"seconds": 1})
    with Pjsua2Phone(tmp_path / "asks") as asks, Pjsua2Phone(tmp_path / "waits") as waits:
        asks.account(DOCOMO, password, carrier.address, mwi=True)
        assert asks.wait_registered() == 200
        asks.wait_lamp("0/0")
        assert waits.register(DOCOMO, password, carrier.address) == 200
        waits.wait_lamp("0/0")
        message = leave_a_message(carrier, tmp_path / "caller")
        told = asks.wait_lamp("1/0", UNDER_LOAD_S)["wire"]
        waits.wait_lamp("1/0", UNDER_LOAD_S)
        assert "Messages-Waiting: yes" in told
        assert f"Message-Account: sip:1417@127.0.0.1:{carrier.sip_port}" in told
        assert "Subscription-State: active;expires=" in told
        with BaresipPhone(
            tmp_path / "baresip",
            DOCOMO,
            password,
            carrier.address,
            rtp_ports=free_range(16),
            mwi=True,
        ) as baresip:
            baresip.wait_lamp("1/0")
            until(lambda: "tokuban_lamps 2.0" in carrier.fetch("/metrics"), "two that subscribed")
            change(carrier, "PATCH", f"{BOX}/messages/{message}", {"mark": "saved"})
            for phone in (asks, waits, baresip):
                phone.wait_lamp("0/1", UNDER_LOAD_S)
            change(carrier, "PUT", "/lab/clock", {"advance_s": PAST_ITS_TIME_S})
            baresip.wait_lamp("0/0", UNDER_LOAD_S)
        until(lambda: waits.lamps()[-1] == "0/0", "the lamp going out")
        until(lambda: asks.lamps()[-4:] == ["0/0", "1/0", "0/1", "0/0"], "each change told once")
