"""The lamps of real phones: by subscription and unasked, as messages come, are heard and go."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.interop import lines
from tests.support.carrier import Carrier
from tests.support.phones.baresip_phone import BaresipPhone
from tests.support.phones.pjsua2_phone import Pjsua2Phone
from tests.support.ports import free_range
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.rule("VM-07")]

OWNER, CALLER = lines.CROWD[-6], lines.CROWD[-7]
BOX = f"/v1/voicemail/{OWNER.number}"
UNDER_LOAD_S = 5.0
"""A lamp is right within a second; a machine under load is given more."""


def change(carrier: Carrier, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    with urllib.request.urlopen(carrier.request(path, method, body), timeout=20) as answer:
        said = answer.read()
    return json.loads(said) if said else None


def leave_a_message(carrier: Carrier, folder: Path) -> str:
    """Call the owner, whom nobody answers for, and speak after the tone; the message's id."""
    kept = carrier.folder / "data" / "voicemail"
    with Pjsua2Phone(folder) as caller:
        assert caller.register(CALLER.number, CALLER.password, carrier.address) == 200
        call = caller.dial(OWNER.number)
        call.wait_answered(60)
        until(lambda: [f for f in kept.glob("*.au") if f.stat().st_size > 12_000], "a recording")
        call.hang_up()
    (message,) = until(lambda: carrier.get(f"{BOX}/messages")["items"], "the message")
    return str(message["id"])


def test_lamps_follow_the_box(carrier: Carrier, tmp_path: Path) -> None:
    change(carrier, "PATCH", f"/v1/lines/{OWNER.number}", {"options": ["voicemail"]})
    change(carrier, "PUT", f"{BOX}/ring-time", {"seconds": 1})
    with Pjsua2Phone(tmp_path / "asks") as asks, Pjsua2Phone(tmp_path / "waits") as waits:
        asks.account(OWNER.number, OWNER.password, carrier.address, mwi=True)
        assert asks.wait_registered() == 200
        asks.wait_lamp("0/0")
        assert waits.register(OWNER.number, OWNER.password, carrier.address) == 200
        waits.wait_lamp("0/0")
        message = leave_a_message(carrier, tmp_path / "caller")
        lit = asks.wait_lamp("1/0", UNDER_LOAD_S)["wire"]
        waits.wait_lamp("1/0", UNDER_LOAD_S)
        assert "Messages-Waiting: yes" in lit
        assert f"Message-Account: sip:1417@127.0.0.1:{carrier.sip_port}" in lit
        assert "Subscription-State: active;expires=" in lit
        with BaresipPhone(
            tmp_path / "baresip",
            OWNER.number,
            OWNER.password,
            carrier.address,
            rtp_ports=free_range(16),
            mwi=True,
        ) as baresip:
            baresip.wait_lamp("1/0")
            change(carrier, "PATCH", f"{BOX}/messages/{message}", {"mark": "saved"})
            for phone in (asks, waits, baresip):
                phone.wait_lamp("0/1", UNDER_LOAD_S)
            change(carrier, "DELETE", f"{BOX}/messages/{message}")
            baresip.wait_lamp("0/0", UNDER_LOAD_S)
        until(lambda: waits.lamps()[-1] == "0/0", "the lamp going out")
        until(lambda: asks.lamps()[-4:] == ["0/0", "1/0", "0/1", "0/0"], "each change told once")
