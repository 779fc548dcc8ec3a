"""pjsua2, baresip, linphone and `tokuban call` set forwarding up by 1429, all at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab.scenarios.hearing import Recording, from_ulaw
from lab.scenarios.phones.baresip_phone import BaresipPhone
from lab.scenarios.phones.linphone_phone import LinphonePhone
from lab.scenarios.phones.pjsua2_phone import Pjsua2Phone
from prompts.catalogue import Prompt, Voice
from tests.interop import journeys, lines
from tests.interop.terminal import terminal_call
from tests.support.carrier import Carrier
from tests.support.ear import Ear
from tests.support.ports import free_range

pytestmark = [pytest.mark.interop, pytest.mark.listens]


def by_pjsua2(carrier: Carrier, folder: Path, voice: Voice) -> None:
    line, record = lines.PJSUA2, folder / "pjsua2.wav"
    with Pjsua2Phone(folder / "pjsua2") as phone:
        assert phone.register(line.number, line.password, carrier.address) == 200
        call = phone.dial("1429", record)
        call.wait_answered()
        journeys.set_forwarding_up(Ear(lambda: record, voice), call.keys)
        call.hang_up()


def by_baresip(carrier: Carrier, folder: Path, voice: Voice) -> None:
    line = lines.BARESIP
    with BaresipPhone(
        folder / "baresip", line.number, line.password, carrier.address, rtp_ports=free_range(16)
    ) as phone:
        assert phone.wait_registered()
        phone.dial("1429")
        phone.wait_answered()
        ear = Ear(lambda: next(iter(phone.recordings()), None), voice)
        journeys.set_forwarding_up(ear, phone.keys)
        phone.hang_up()


def by_linphone(carrier: Carrier, folder: Path, voice: Voice) -> None:
    line, record = lines.LINPHONE, folder / "linphone.wav"
    with LinphonePhone(folder / "linphone") as phone:
        assert phone.register(line.number, line.password, carrier.address)
        assert journeys.registrations(carrier, line)
        phone.dial("1429", record)
        phone.wait_answered()
        journeys.set_forwarding_up(Ear(lambda: record, voice), phone.keys)
        phone.hang_up()


def heard(path: Path) -> Recording:
    """What `tokuban call --record` wrote: µ-law or 16-bit samples in a WAV file."""
    data = path.read_bytes()
    if int.from_bytes(data[20:22], "little") == 7:
        return Recording(from_ulaw(data[data.index(b"data") + 8 :]))
    return Recording.of(path)


def by_terminal(carrier: Carrier, folder: Path, voice: Voice) -> None:
    """`tokuban call`, whose commas wait for the prompts to end."""
    line, record = lines.DOCOMO_DEMO, folder / "terminal.wav"
    script = f"3,{journeys.TARGET_KEYS}#,#,1"
    options = ("--keys", script, "--record", str(record))
    program = terminal_call(folder, line, "1429", carrier.sip_port, *options)
    assert program.process.returncode == 0, program.output()
    assert line.password not in program.output()
    recording = heard(record)
    for prompt, values in (
        (Prompt.FORWARDING_ENTER_TARGET, ()),
        (Prompt.FORWARDING_CONFIRM_TARGET, (journeys.TARGET,)),
    ):
        assert recording.heard(from_ulaw(voice.speech(prompt, *values).ulaw)), prompt


CALLERS: tuple[Callable[[Carrier, Path, Voice], None], ...] = (
    by_pjsua2,
    by_baresip,
    by_linphone,
    by_terminal,
)


@pytest.mark.rule("FWD-01")
def test_1429_sets_forwarding_up(carrier: Carrier, tmp_path: Path, voice: Voice) -> None:
    with ThreadPoolExecutor(len(CALLERS)) as pool:
        calls = [pool.submit(caller, carrier, tmp_path, voice) for caller in CALLERS]
    for call in calls:
        call.result()
    for line in (lines.PJSUA2, lines.BARESIP, lines.LINPHONE, lines.DOCOMO_DEMO):
        journeys.assert_forwarding(carrier, line, active=True)
