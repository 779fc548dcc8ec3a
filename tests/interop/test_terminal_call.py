"""`tokuban call`: a call from a terminal, by the project's own phone."""

from pathlib import Path

import pytest

from tests.interop import lines
from tests.interop.terminal import terminal_call
from tests.support.carrier import Carrier
from tests.support.ports import free_port

pytestmark = [pytest.mark.interop, pytest.mark.listens]


@pytest.mark.rule("LINE-05")
def test_a_call_that_is_refused_fails(carrier: Carrier, tmp_path: Path) -> None:
    port = carrier.sip_port
    program = terminal_call(tmp_path, lines.DOCOMO_DEMO, lines.UNASSIGNED, port)
    assert program.process.returncode != 0
    assert "404" in program.output()


def test_a_wrong_password_fails(carrier: Carrier, tmp_path: Path) -> None:
    stranger = lines.TestLine(lines.DOCOMO_DEMO.number, "docomo", "wrong-marker")
    program = terminal_call(tmp_path, stranger, "1429", carrier.sip_port)
    assert program.process.returncode != 0
    assert "wrong-marker" not in program.output()


def test_a_call_to_a_closed_port_ends(tmp_path: Path) -> None:
    program = terminal_call(tmp_path, lines.DOCOMO_DEMO, "1429", free_port())
    assert program.process.returncode != 0
    assert "Traceback" not in program.output()
