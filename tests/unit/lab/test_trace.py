"""The SIP trace: what is kept, what readers get, and what capture files hold."""

import asyncio
import io
import shutil
import subprocess
from datetime import UTC
from pathlib import Path

import pytest

from ivr.sip.events import Flow
from lab.ladder import one_line, whole
from lab.pcap import PcapWriter, checksum, tcp, udp
from lab.trace import Gap, Seen, TraceHub, from_json, masked, to_json

FLOW = Flow("UDP", ("127.0.0.1", 5060), ("127.0.0.1", 5071))
RESPONSE = b"6629fae49393a05397450978507c4ef1"
REGISTER = (
    b"REGISTER sip:127.0.0.1 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5071;branch=z9hG4bKa\r\n"
    b"From: <sip:09000000001@127.0.0.1>;tag=1\r\nTo: <sip:09000000001@127.0.0.1>\r\n"
    b"Call-ID: abc-1\r\nCSeq: 2 REGISTER\r\nMax-Forwards: 70\r\n"
    b'Authorization: Digest username="09000000001", nonce="n",\r\n'
    b' response="' + RESPONSE + b'", uri="sip:127.0.0.1"\r\n'
    b"Content-Length: 0\r\n\r\n"
)
OK = b"SIP/2.0 200 OK\r\n" + REGISTER.split(b"\r\n", 1)[1]


def hub(keep: int = 10, readers: int = 2) -> TraceHub:
    return TraceHub(keep, readers, wall=lambda: 1_780_000_000.25)


async def collect(hub: TraceHub, past: bool = True, follow: bool = False) -> list[Seen | Gap]:
    return [item async for item in hub.follow(past, follow)]


class TestMasking:
    def test_the_digest_response_is_crossed_out_in_equal_length(self) -> None:
        clean = masked(REGISTER)
        assert RESPONSE not in clean
        assert b'response="' + b"x" * 32 + b'"' in clean
        assert len(clean) == len(REGISTER)

    def test_an_unquoted_and_an_upper_case_one_too(self) -> None:
        header = b"Proxy-Authorization: Digest RESPONSE=" + RESPONSE + b"\r\n"
        assert masked(b"\r\n" + header) == b"\r\n" + header.replace(RESPONSE, b"x" * 32)

    def test_keys_of_srtp_are_crossed_out_in_equal_length(self) -> None:
        key = b"WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
        body = b"v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + key + b"|2^20|1:4;inline:"
        body += key + b" KDR=1\r\nk=base64:" + key + b"\r\na=note:inline:" + key[:4] + b"\r\n"
        assert masked(body) == body.replace(key, b"x" * 40)

    def test_other_headers_stay(self) -> None:
        message = b'OPTIONS sip:a SIP/2.0\r\nSubject: response="abc"\r\n\r\n'
        assert masked(message) == message


class TestHub:
    async def test_remembers_the_last_messages_masked(self) -> None:
        trace = hub(keep=2)
        for _ in range(3):
            trace.tap(True, FLOW, REGISTER)
        seen = await collect(trace)
        assert [item.number for item in seen if isinstance(item, Seen)] == [2, 3]
        assert all(RESPONSE not in item.data for item in seen if isinstance(item, Seen))

    async def test_a_follower_gets_what_comes_until_the_hub_closes(self) -> None:
        trace = hub()
        following = asyncio.create_task(collect(trace, past=False, follow=True))
        await asyncio.sleep(0)
        trace.tap(False, FLOW, OK)
        trace.close()
        (seen,) = await following
        assert isinstance(seen, Seen)
        assert (seen.source, seen.target) == (FLOW.local, FLOW.peer)

    async def test_a_slow_follower_is_told_what_it_missed(self) -> None:
        trace = hub(keep=0)
        following = asyncio.create_task(collect(trace, past=False, follow=True))
        await asyncio.sleep(0)
        for _ in range(1005):
            trace.tap(False, FLOW, OK)
        trace.close()
        assert (await following)[-1] == Gap(5)

    async def test_followers_are_limited(self) -> None:
        trace = hub(readers=1)
        following = asyncio.create_task(collect(trace, follow=True))
        await asyncio.sleep(0)
        assert trace.full
        trace.close()
        await following
        assert not trace.full

    async def test_json_and_back(self) -> None:
        trace = hub()
        trace.tap(True, FLOW, OK)
        (seen,) = await collect(trace)
        assert from_json(to_json(seen)) == seen
        assert from_json(to_json(Gap(3))) == Gap(3)


@pytest.mark.rule("LAB-05")
class TestLadder:
    def test_a_request_in_one_line(self) -> None:
        seen = Seen(1, 0.5, False, "UDP", FLOW.local, FLOW.peer, REGISTER)
        assert one_line(seen, UTC) == (
            "00:00:00.500 127.0.0.1:5071        ──▶ REGISTER sip:127.0.0.1  [abc-1]"
        )

    def test_a_response_names_its_method(self) -> None:
        seen = Seen(1, 0.5, True, "UDP", FLOW.local, FLOW.peer, OK)
        assert "◀── 200 OK (REGISTER)" in one_line(seen, UTC)

    def test_a_message_cannot_steer_the_terminal(self) -> None:
        seen = Seen(1, 0, False, "UDP", FLOW.local, FLOW.peer, b"\x1b[2J\x07\xff\r\n\x9b1m")
        assert "\x1b" not in "".join(whole(seen, UTC))
        assert "\x9b" not in "".join(whole(seen, UTC))


def folded(data: bytes) -> int:
    """The ones' complement sum; all ones for data that holds its own right checksum."""
    return checksum(data)


@pytest.mark.rule("LAB-05")
class TestPcap:
    def test_a_datagram_holds_its_right_checksum(self) -> None:
        datagram = udp(("127.0.0.1", 5060), ("127.0.0.1", 5071), b"odd")
        pseudo = bytes([127, 0, 0, 1] * 2) + b"\x00\x11" + len(datagram).to_bytes(2, "big")
        assert folded(pseudo + datagram) == 0

    def test_a_segment_holds_its_right_checksum(self) -> None:
        segment = tcp(("::1", 5060), ("::1", 5071), b"abc", 1, 1)
        pseudo = (bytes(15) + b"\x01") * 2 + len(segment).to_bytes(4, "big") + b"\x00\x00\x00\x06"
        assert folded(pseudo + segment) == 0

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
    @pytest.mark.parametrize("transport", ["UDP", "TCP"])
    def test_tshark_reads_sip(self, host: str, transport: str, tmp_path: Path) -> None:
        file = tmp_path / "x.pcap"
        with file.open("wb") as out:
            writer = PcapWriter(out)
            for at in (1_780_000_000.0, 1_780_000_000.1):
                writer.write(at, transport, (host, 5071), (host, 5060), REGISTER)
                writer.write(at, transport, (host, 5060), (host, 5071), OK)
        assert (
            tshark(file, "sip.Method", "sip.Status-Code", "_ws.malformed")
            == [
                "REGISTER||",
                "|200|",
            ]
            * 2
        )

    def test_a_long_message_over_tcp_is_read_whole(self, tmp_path: Path) -> None:
        file = tmp_path / "x.pcap"
        body = b"x" * 70_000
        message = REGISTER.replace(b"Content-Length: 0", b"Content-Length: 70000") + body
        with file.open("wb") as out:
            PcapWriter(out).write(1.0, "TCP", ("127.0.0.1", 5071), ("127.0.0.1", 5060), message)
        assert "70000" in "".join(tshark(file, "sip.Content-Length"))


def tshark(file: Path, *fields: str) -> list[str]:
    """The fields of each packet, as Wireshark's own decoder sees them."""
    program = shutil.which("tshark")
    assert program, "tshark is missing: apt-get install tshark"
    wanted = [option for field in fields for option in ("-e", field)]
    checks = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"]
    command = [program, "-r", str(file), *checks, "-T", "fields", "-E", "separator=|", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


def test_a_writer_can_be_followed() -> None:
    out = io.BytesIO()
    writer = PcapWriter(out)
    before = len(out.getvalue())
    writer.write(1.0, "UDP", ("127.0.0.1", 1), ("127.0.0.1", 2), b"x")
    assert len(out.getvalue()) == before + 16 + 20 + 8 + 1
