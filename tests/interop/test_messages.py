"""Messages between real phones: at once, at the next REGISTER, over a crash."""

from pathlib import Path
from typing import Any

import pytest

from lab.scenarios.phones.baresip_phone import BaresipPhone
from lab.scenarios.phones.linphone_phone import LinphonePhone
from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from tests.interop import lines
from tests.support.carrier import DOCOMO, NTT, PASSWORDS, Carrier
from tests.support.ports import free_range
from tests.support.waiting import until

pytestmark = pytest.mark.interop

ALICE, BOB, CAROL = lines.CROWD[-3:]
LINK, OS = "09000000002-link", "09000000002"


def to(carrier: Carrier, number: str) -> list[dict[str, Any]]:
    """What is kept for a line, newest first."""
    items: list[dict[str, Any]] = carrier.get(f"/v1/messages?to={number}")["items"]
    return items


def states(carrier: Carrier, number: str) -> list[str]:
    return [message["state"] for message in to(carrier, number)]


def test_two_phones_exchange_and_one_that_was_away_gets_it_when_it_registers(
    carrier: Carrier, tmp_path: Path
) -> None:
    with Pjsua2Phone(tmp_path / "alice") as alice:
        assert alice.register(ALICE.number, ALICE.password, carrier.address) == 200
        with Pjsua2Phone(tmp_path / "bob") as bob:
            assert bob.register(BOB.number, BOB.password, carrier.address) == 200
            alice.message(BOB.number, "今日は 📱")
            assert alice.wait_sent("今日は 📱") == 200
            came = bob.wait_message("今日は 📱")
            assert came["sender"] == f"<sip:{ALICE.number}@127.0.0.1;user=phone>"
            bob.message(f"184{ALICE.number}", "who am I?")
            assert bob.wait_sent("who am I?") == 200
            hidden = alice.wait_message("who am I?")
            assert "anonymous@anonymous.invalid" in hidden["sender"]
            assert BOB.number not in hidden["wire"]
        alice.message(BOB.number, "one")
        alice.message(BOB.number, "two")
        assert alice.wait_sent("one") == alice.wait_sent("two") == 202
        alice.message(lines.UNASSIGNED, "nobody")
        assert alice.wait_sent("nobody") == 404
        with Pjsua2Phone(tmp_path / "again") as again:
            assert again.register(BOB.number, BOB.password, carrier.address) == 200
            again.wait_message("two")
            assert again.messages() == ["one", "two"]
            until(lambda: states(carrier, BOB.number) == ["delivered"] * 3, "three delivered")


def test_baresip_and_linphone(carrier: Carrier, tmp_path: Path) -> None:
    baresip, linphone = lines.CROWD[-5], lines.CROWD[-4]
    (tmp_path / "linphone").mkdir()
    with (
        BaresipPhone(
            tmp_path / "baresip",
            baresip.number,
            baresip.password,
            carrier.address,
            rtp_ports=free_range(16),
        ) as phone,
        LinphonePhone(tmp_path / "linphone") as other,
        Pjsua2Phone(tmp_path / "pjsua2") as third,
    ):
        assert phone.wait_registered()
        assert other.register(linphone.number, linphone.password, carrier.address)
        assert third.register(CAROL.number, CAROL.password, carrier.address) == 200
        other.message(baresip.number, "hello")
        until(lambda: states(carrier, baresip.number) == ["delivered"], "baresip having it")
        third.message(linphone.number, "今日は")
        assert third.wait_sent("今日は") == 200
        assert CAROL.number in other.wait_message("今日は")


def test_both_accesses_of_a_line_have_it(carrier: Carrier, tmp_path: Path) -> None:
    with Pjsua2Phone(tmp_path / "link") as link, Pjsua2Phone(tmp_path / "os") as os:
        assert link.register(LINK, PASSWORDS[LINK], carrier.address) == 200
        assert os.register(OS, PASSWORDS[OS], carrier.address) == 200
        link.message(OS, "note to myself")
        assert link.wait_sent("note to myself") == 200
        link.wait_message("note to myself")
        os.wait_message("note to myself")


def test_a_message_outlives_a_crash_and_comes_once(tmp_path: Path) -> None:
    with Carrier(tmp_path / "carrier") as carrier:
        with Pjsua2Phone(tmp_path / "sender") as sender:
            assert sender.register(DOCOMO, PASSWORDS[DOCOMO], carrier.address) == 200
            sender.message(NTT, "for later")
            assert sender.wait_sent("for later") == 202
            carrier.kill()
            carrier.start_again()
        assert [message["state"] for message in to(carrier, NTT)] == ["waiting"]
        with Pjsua2Phone(tmp_path / "phone") as phone:
            assert phone.register(NTT, PASSWORDS[NTT], carrier.address) == 200
            phone.wait_message("for later")
            until(lambda: states(carrier, NTT) == ["delivered"], "the message being delivered")
            assert phone.messages() == ["for later"]
        assert "for later" not in carrier.log
