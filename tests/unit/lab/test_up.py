"""`tokuban up` as a process: ready, refusing a taken port, and gone without a trace."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from lab.pcap import MAGIC_NANOSECONDS
from tests.support.carrier import Carrier
from tests.support.ports import LOOPBACK

ENDED_WITHIN_S = 30


@pytest.fixture(scope="module")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carrier]:
    with Carrier(tmp_path_factory.mktemp("carrier")) as running:
        yield running


def tokuban(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def url(carrier: Carrier) -> list[str]:
    return ["--url", f"http://{LOOPBACK}:{carrier.http_port}"]


@pytest.mark.rule("LAB-01")
def test_it_is_ready_and_has_the_demo_lines(carrier: Carrier) -> None:
    assert carrier.get("/ready") == {"ready": True, "reason": ""}
    assert "09000000002-link" in carrier.log


def test_its_figures_are_there_and_name_nobody(carrier: Carrier) -> None:
    figures = carrier.fetch("/metrics")
    for name in ("calls", "rtp_streams", "registered_users", "messages_waiting"):
        assert f"\ntokuban_{name} " in figures
    assert "09000000001" not in figures


def test_a_taken_port_is_named_with_its_option(carrier: Carrier, tmp_path: Path) -> None:
    sip = tokuban("up", "--sip-port", str(carrier.sip_port), "--http-port", "0", folder=tmp_path)
    assert sip.returncode == 2
    assert f"SIP port {LOOPBACK}:{carrier.sip_port} is used" in sip.stderr
    assert "--sip-port" in sip.stderr
    http = tokuban("up", "--http-port", str(carrier.http_port), folder=tmp_path)
    assert http.returncode == 2
    assert "--http-port" in http.stderr
    assert "Traceback" not in sip.stderr + http.stderr


@pytest.mark.rule("LAB-05")
def test_a_refused_call_is_told_and_traced_without_its_secret(
    carrier: Carrier, tmp_path: Path
) -> None:
    server = f"{LOOPBACK}:{carrier.sip_port}"
    call = tokuban("call", "09000000001", "0312345678", "--server", server, folder=tmp_path)
    assert call.returncode == 1
    assert "with early media" in call.stdout
    assert "call.refused 404" in call.stdout
    traced = tokuban(
        "trace", "--no-follow", "--full", "--pcap", "x.pcap", *url(carrier), folder=tmp_path
    )
    assert "INVITE sip:0312345678@" in traced.stdout
    assert 'response="xxxxxxxx' in traced.stdout
    capture = (tmp_path / "x.pcap").read_bytes()
    assert capture.startswith(MAGIC_NANOSECONDS.to_bytes(4, "big"))
    assert b'response="xxxxxxxx' in capture


def test_keys_taken_are_status_0(carrier: Carrier, tmp_path: Path) -> None:
    server = f"{LOOPBACK}:{carrier.sip_port}"
    words = ["call", "09000000001", "000003", "--server", server, "--record", "heard.wav"]
    call = tokuban(*words, "--keys", "12#", folder=tmp_path)
    assert call.returncode == 0, call.stdout
    assert "key.sent 12#" in call.stdout
    assert (tmp_path / "heard.wav").stat().st_size > 8000


@pytest.mark.rule("LAB-02")
def test_business_time_moves_and_comes_back(carrier: Carrier, tmp_path: Path) -> None:
    def clock(*words: str) -> str:
        done = tokuban("clock", *words, *url(carrier), folder=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    clock("freeze")
    assert clock("set", "2026-07-25T09:00").startswith("2026-07-25 09:00:00 +0900 frozen")
    assert clock("advance", "72h").startswith("2026-07-28 09:00:00 +0900 frozen")
    assert "running" in clock("reset")


@pytest.mark.parametrize(
    "change",
    [
        {"freeze": True, "run": True},
        {"advance_s": 1e300},
        {"advance_s": float("inf")},
        {"advance_s": float("nan")},
        {"set": "9999-01-01T00:00:00Z"},
        {"set": "1969-12-31T23:59:59Z"},
        {"set": "2026-07-25T09:00:00"},
    ],
)
def test_a_clock_change_that_cannot_be_made_is_refused(
    carrier: Carrier, change: dict[str, object]
) -> None:
    request = carrier.request("/lab/clock", "PUT", change)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)
    refused.value.close()
    assert refused.value.code == 422
    assert json.loads(carrier.fetch("/lab/clock"))["state"] == "running"


def test_a_second_carrier_on_the_same_folder_is_refused(carrier: Carrier, tmp_path: Path) -> None:
    data = str(carrier.folder / "data")
    ports = ["--sip-port", "0", "--http-port", "0"]
    second = tokuban("up", "--data", data, *ports, folder=tmp_path)
    assert second.returncode == 2
    assert f"another carrier uses the data folder {data}" in second.stderr
    assert "--data" in second.stderr


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_even_with_a_follower(ending: signal.Signals, tmp_path: Path) -> None:
    running = Carrier(tmp_path)
    with running, open_trace(running) as follower:
        running.program.signal(ending)
        assert running.program.wait(ENDED_WITHIN_S) == 0
        assert follower.read() == b""
    running.assert_untroubled()
    assert "carrier.stopped" in running.log


def open_trace(carrier: Carrier) -> HTTPResponse:
    request = carrier.request("/lab/trace?past=false")
    answer: HTTPResponse = urllib.request.urlopen(request, timeout=30)
    return answer
