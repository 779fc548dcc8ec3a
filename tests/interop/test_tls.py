"""Phones over TLS: they register, call and hear; what speaks no TLS costs nobody else anything."""

import json
import re
import socket
import ssl
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.interop.conftest import SETTINGS
from tests.support.carrier import Carrier
from tests.support.ear import Ear
from tests.support.phones import sounds
from tests.support.phones.baresip_phone import BaresipPhone
from tests.support.phones.linphone_phone import LinphonePhone
from tests.support.phones.program import find
from tests.support.ports import LOOPBACK, free_port, free_range
from tests.support.waiting import until

pytestmark = pytest.mark.interop


class SecureCarrier(Carrier):
    """A carrier with certificates of its own, made before it starts."""

    def __init__(self, folder: Path, seed: Path) -> None:
        data, plain = folder / "data", folder / "plain.toml"
        plain.touch()
        command = [sys.executable, "-m", "lab", "certs", "--data", str(data)]
        subprocess.run([*command, "--config", str(plain)], check=True, capture_output=True)
        self.tls_port = free_port()
        settings = f"{SETTINGS}tls_port = {self.tls_port}\n"
        super().__init__(folder, settings=settings, seed=seed)
        self.authority = data / "tls" / "ca.pem"

    @property
    def tls_address(self) -> tuple[str, int]:
        return LOOPBACK, self.tls_port


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, seed: Path) -> Iterator[SecureCarrier]:
    with SecureCarrier(tmp_path_factory.mktemp("secure"), seed) as carrier:
        yield carrier


def baresip(
    secure: SecureCarrier, folder: Path, *, srtp: bool = False, voice: Path | None = None
) -> BaresipPhone:
    """Over TLS, with the line that is baresip's."""
    line = lines.BARESIP
    return BaresipPhone(
        folder,
        line.number,
        line.password,
        secure.tls_address,
        rtp_ports=free_range(16),
        authority=secure.authority,
        srtp=srtp,
        voice=voice,
    )


def traced(carrier: Carrier) -> bytes:
    """Every message so far, as the trace shows it."""
    shown = carrier.fetch("/lab/trace?follow=false").splitlines()
    return b"".join(b64decode(json.loads(line)["data"]) for line in shown)


@pytest.mark.rule("LINE-02")
def test_linphone_registers_and_calls(secure: SecureCarrier, tmp_path: Path, voice: Voice) -> None:
    line, record = lines.LINPHONE, tmp_path / "heard.wav"
    with LinphonePhone(tmp_path, authority=secure.authority) as phone:
        assert phone.register(line.number, line.password, secure.tls_address)
        phone.dial(lines.KEYS, record)
        phone.wait_answered()
        phone.keys("246#")
        Ear(lambda: record, voice).hears(Prompt.KEYS_HEARD, "246#")
        phone.hang_up()
    assert f"flow=tls:{LOOPBACK}:" in secure.log


@pytest.mark.rule("LINE-02")
def test_baresip_registers_and_calls(secure: SecureCarrier, tmp_path: Path) -> None:
    with baresip(secure, tmp_path) as phone:
        assert phone.wait_registered()
        phone.dial(lines.TONE)
        phone.wait_answered()
        phone.hang_up()


def test_linphone_hears_and_is_heard_by_srtp(
    secure: SecureCarrier, tmp_path: Path, voice: Voice
) -> None:
    line, record = lines.LINPHONE, tmp_path / "heard.wav"
    with LinphonePhone(tmp_path, authority=secure.authority, srtp=True) as phone:
        assert phone.register(line.number, line.password, secure.tls_address)
        phone.say(f"play {sounds.tone(tmp_path / 'tone.wav', 700, 60)}")
        phone.dial(lines.ECHO, record)
        phone.wait_answered()
        Ear(lambda: record, voice).hears_tone(700)
        phone.hang_up()
    seen = traced(secure)
    assert b"RTP/SAVP " in seen
    assert set(re.findall(rb"inline:([^\r\n|]{40})", seen)) == {b"x" * 40}


def test_baresip_hears_and_is_heard_by_srtp(
    secure: SecureCarrier, tmp_path: Path, voice: Voice
) -> None:
    tone = sounds.tone(tmp_path / "tone.wav", 700, 60)
    with baresip(secure, tmp_path / "phone", srtp=True, voice=tone) as phone:
        assert phone.wait_registered()
        phone.dial(lines.ECHO)
        phone.wait_answered()
        Ear(lambda: phone.recordings()[-1] if phone.recordings() else None, voice).hears_tone(700)
        phone.hang_up()


@pytest.mark.parametrize(
    ("version", "accepted"), [("tls1_1", False), ("tls1_2", True), ("tls1_3", True)]
)
def test_versions_from_1_2_on_are_spoken(
    secure: SecureCarrier, version: str, accepted: bool
) -> None:
    host, port = secure.tls_address
    command = [find("openssl"), "s_client", "-connect", f"{host}:{port}", f"-{version}"]
    command += ["-CAfile", str(secure.authority), "-verify_return_error", "-verify_ip", host]
    command += [] if accepted else ["-cipher", "ALL:@SECLEVEL=0"]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=30, check=False)
    assert (done.returncode == 0) is accepted
    assert (b"no peer certificate available" not in done.stdout) is accepted


def test_dawdlers_and_garbage_keep_nobody_waiting(secure: SecureCarrier, tmp_path: Path) -> None:
    with ExitStack() as stack:
        for octets in (b"", b"\x16\x03\x01\x02\x00\x01", b"OPTIONS sip:a SIP/2.0\r\n\r\n") * 50:
            peer = stack.enter_context(socket.create_connection(secure.tls_address, timeout=5))
            peer.sendall(octets)
        context = ssl.create_default_context(cafile=secure.authority)
        plain = socket.create_connection(secure.tls_address, timeout=20)
        honest = stack.enter_context(context.wrap_socket(plain, server_hostname=LOOPBACK))
        honest.sendall(_options(secure.tls_port))
        assert honest.recv(4096).startswith(b"SIP/2.0 200")
    until(secure.is_alive, "the carrier being alive")


def _options(port: int) -> bytes:
    return (
        f"OPTIONS sip:{LOOPBACK}:{port};transport=tls SIP/2.0\r\n"
        f"Via: SIP/2.0/TLS {LOOPBACK}:5061;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
        f"From: <sip:a@{LOOPBACK}>;tag=1\r\nTo: <sip:{LOOPBACK}>\r\nCall-ID: tls\r\n"
        "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()
