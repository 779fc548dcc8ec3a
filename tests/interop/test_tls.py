"""Phones over TLS: they register, call and hear; what speaks no TLS costs nobody else anything."""

import json
import re
import socket
import ssl
import subprocess
from base64 import b64decode
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from lab.scenarios.phones import sounds
from lab.scenarios.phones.baresip_phone import BaresipPhone
from lab.scenarios.phones.linphone_phone import LinphonePhone
from lab.scenarios.phones.program import find
from prompts.catalogue import Prompt, Voice
from tests.interop import lines
from tests.interop.secure_carrier import SecureCarrier
from tests.interop.talkers import Baresip, Linphone, talk
from tests.interop.terminal import terminal_call
from tests.support.carrier import Carrier
from tests.support.ear import Ear
from tests.support.ports import LOOPBACK, free_range
from tests.support.waiting import until

pytestmark = [pytest.mark.interop, pytest.mark.listens]


def plain_baresip(secure: SecureCarrier, folder: Path) -> Baresip:
    """A phone over UDP, without SRTP, that speaks a tone."""
    return Baresip(folder, lines.WIRE, 1000, secure)


class SecureBaresip(Baresip):
    """baresip over TLS with SRTP alone; it speaks a tone."""

    def __init__(self, folder: Path, secure: SecureCarrier) -> None:
        self.line, self.hertz = lines.BARESIP, 700
        folder.mkdir(parents=True)
        self._server = secure.tls_address
        self.phone = BaresipPhone(
            folder,
            self.line.number,
            self.line.password,
            secure.tls_address,
            rtp_ports=free_range(16),
            voice=sounds.tone(folder / "voice.wav", self.hertz, 600),
            authority=secure.authority,
            srtp=True,
        )
        assert self.phone.wait_registered()


class SecureLinphone(Linphone):
    """linphone over TLS with SRTP; it speaks a tone."""

    def __init__(self, folder: Path, secure: SecureCarrier) -> None:
        self.line, self.hertz = lines.LINPHONE, 1300
        folder.mkdir(parents=True)
        self._record = folder / "heard.wav"
        voice = sounds.tone(folder / "voice.wav", self.hertz, 600)
        self.phone = LinphonePhone(folder, voice=voice, authority=secure.authority, srtp=True)
        assert self.phone.register(self.line.number, self.line.password, secure.tls_address)


def answers_by(carrier: Carrier, line: lines.TestLine) -> list[bytes]:
    """The descriptions over TLS in the 200s of a line's calls, as the trace shows them."""
    shown = carrier.fetch("/lab/trace?follow=false").splitlines()
    messages = [(seen["transport"], b64decode(seen["data"])) for seen in map(json.loads, shown)]
    return [
        data.partition(b"\r\n\r\n")[2]
        for transport, data in messages
        if transport == "TLS"
        and data.startswith(b"SIP/2.0 200 ")
        and b"m=audio" in data
        and line.number.encode() in data
    ]


def is_secure(description: bytes) -> bool:
    """Whether it says SRTP, and the trace does not say with which key."""
    keys = re.findall(rb"a=crypto:\d+ AES_CM_128_HMAC_SHA1_80 inline:([^\r\n|]+)", description)
    return b" RTP/SAVP " in description and keys == [b"x" * 40]


@pytest.mark.rule("LINE-02")
def test_linphone_registers_and_keys_by_srtp(
    secure: SecureCarrier, tmp_path: Path, voice: Voice
) -> None:
    line, record = lines.LINPHONE, tmp_path / "heard.wav"
    with LinphonePhone(tmp_path, authority=secure.authority, srtp=True) as phone:
        assert phone.register(line.number, line.password, secure.tls_address)
        phone.dial(lines.KEYS, record)
        phone.wait_answered()
        phone.keys("246#")
        Ear(lambda: record, voice).hears(Prompt.KEYS_HEARD, "246#")
        phone.hang_up()
    assert f"flow=tls:{LOOPBACK}:" in secure.log


@pytest.mark.rule("CALL-01")
def test_linphone_by_srtp_calls_a_phone_without(secure: SecureCarrier, tmp_path: Path) -> None:
    with (
        closing(plain_baresip(secure, tmp_path / "plain")) as bob,
        closing(SecureLinphone(tmp_path / "secure", secure)) as alice,
    ):
        alice.dial(bob.line.number)
        bob.take()
        alice.speak()
        talk(alice, bob)
        alice.hang_up()
        bob.wait_ended()
    assert is_secure(answers_by(secure, lines.LINPHONE)[-1])


@pytest.mark.rule("CALL-01")
def test_a_phone_without_calls_baresip_by_srtp(secure: SecureCarrier, tmp_path: Path) -> None:
    with (
        closing(plain_baresip(secure, tmp_path / "plain")) as alice,
        closing(SecureBaresip(tmp_path / "secure", secure)) as bob,
    ):
        alice.dial(bob.line.number)
        bob.take()
        alice.speak()
        talk(alice, bob)
        bob.hang_up()
        alice.wait_ended()
    assert is_secure(answers_by(secure, lines.BARESIP)[-1])


def test_a_call_from_a_terminal_trusts_nobody_unknown(
    secure: SecureCarrier, tmp_path: Path
) -> None:
    program = terminal_call(tmp_path, lines.AU, lines.ECHO, secure.tls_port, "--transport", "tls")
    assert program.process.returncode == 1
    assert "no TLS with" in program.output()


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
