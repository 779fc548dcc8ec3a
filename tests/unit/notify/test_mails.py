"""The words of the mails, and mails as messages on the wire."""

import re
from email import policy
from email.parser import BytesParser
from itertools import product

import pytest

from provisioning.contract import Language, OutOfRange
from provisioning.notify.address import Sender, ServerAddress
from provisioning.notify.mails import Mails, composed, texts
from provisioning.notify.message import packed, read, unpacked, written
from provisioning.notify.model import STEPS, Attachment, Mail, MailState, Patience, code_in
from tests.support.mail_server import ScriptedServer
from tests.unit.notify.conftest import SENDER, Post

VALUES: dict[str, str | int] = {
    "code": "048291",
    "minutes": 10,
    "new": "new@customer.example",
    "order": "N00000001",
    "contract": "K00000001",
    "count": 2,
    "numbers": "050-0000-1234\n050-0000-5678",
}
NAMES = sorted(set(texts()) - {"signature"})


@pytest.mark.parametrize(("name", "language"), list(product(NAMES, Language)))
def test_every_mail_exists_in_every_language(name: str, language: Language) -> None:
    mail = composed(name, language, "owner@customer.example", **VALUES)
    assert mail.subject
    assert "{" not in mail.text
    assert "support@tokuban.example" in mail.text
    assert max(map(len, mail.text.splitlines())) <= 78
    wants_code = "code" in name
    assert (code_in(mail.text) == "048291") is wants_code
    japanese = re.search("[ぁ-ん]", mail.text) is not None
    assert japanese is (language is Language.JA)


async def test_the_office_writes_each_of_them(post: Post, server: ScriptedServer) -> None:
    outbox = await post.delivering(server)
    mails, to, ja = Mails(outbox), "owner@customer.example", Language.JA
    await post.database.write(lambda c: mails.code(c, to, ja, "111111", 10))
    await post.database.write(lambda c: mails.code(c, to, ja, "222222", 10))
    await post.database.write(lambda c: mails.new_address_code(c, to, ja, "333333", 10))
    await post.database.write(lambda c: mails.password_changed(c, to, ja))
    await post.database.write(lambda c: mails.mail_changed(c, to, ja, "new@customer.example"))
    for _ in range(2):
        await post.database.write(
            lambda c: mails.numbers_added(c, to, ja, "N00000001", "K00000001", ["05000001234"])
        )
    await outbox.deliver_due()
    codes = [code_in(each.text) for each in server.taken]
    assert codes == ["111111", "222222", "333333", None, None, None]
    assert "050-0000-1234" in server.taken[-1].text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("認証コード　048291\n10分間", "048291"),
        ("Your code is 1234.", "1234"),
        ("048291", "048291"),
        ("お申込番号 N00000001", None),
        ("050-0000-1234", None),
        ("09012345678", None),
        ("2026年7月25日 1234567890123456", None),
        ("", None),
    ],
)
def test_a_code_is_told_from_other_digits(text: str, code: str | None) -> None:
    assert code_in(text) == code


def test_a_message_is_seven_bit_and_comes_back_whole() -> None:
    files = (Attachment("手紙.pdf", "application/pdf", bytes(range(256)) * 9),)
    mail = Mail("a@b.example", "件名" * 60, "本文。\n.\n" * 400, "<p>本文</p>", files)
    raw = written(mail, SENDER, "<1@outbox.tokuban.example>", 1_784_937_600.0)
    assert max(raw) < 128
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert message["Date"] == "Sat, 25 Jul 2026 09:00:00 +0900"
    assert message["Auto-Submitted"] == "auto-generated"
    back = read(raw)
    assert (back.subject, back.text, back.html) == (mail.subject, mail.text, "<p>本文</p>\n")
    assert back.attachments == (("手紙.pdf", "application/pdf", 256 * 9),)
    assert unpacked(packed(mail)) == mail


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?utf-8?b?!!!?=\r\n\r\n\x80\x81",
        b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n",
        b"Content-Transfer-Encoding: base64\r\n\r\n@@@",
        b"To: <<>>, ;:,\r\nFrom: (((\r\nMessage-ID: <\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\nSubject: x",
        b"Content-Disposition: attachment; filename=x\r\n\r\nx",
        b"Subject: a\r\n\tb\0c\r\n\r\n",
    ],
)
def test_no_message_is_too_broken_to_be_read(raw: bytes) -> None:
    found = read(raw)
    assert "\n" not in found.subject
    assert "\0" not in found.subject


@pytest.mark.parametrize(
    "to", ["", "a", "@b", "a@", "a b@c", "a@b\r\nBcc: x@y", "山田@b.example", "a@b, c@d", "<a@b>"]
)
def test_what_is_no_address_is_refused(to: str) -> None:
    with pytest.raises(OutOfRange):
        Mail(to, "subject", "text")


def test_a_subject_cannot_begin_a_header() -> None:
    with pytest.raises(OutOfRange):
        Mail("a@b.example", "subject\r\nBcc: x@y.example", "text")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("smtp://mail.example", ("mail.example", 587, None, None, False)),
        ("smtps://mail.example", ("mail.example", 465, None, None, True)),
        ("smtp://u%40h:p%2Fw@[::1]:2525/", ("::1", 2525, "u@h", "p/w", False)),
    ],
)
def test_a_server_is_written_as_an_address(
    url: str, place: tuple[str, int, str | None, str | None, bool]
) -> None:
    parsed = ServerAddress.parsed(url)
    assert (parsed.host, parsed.port, parsed.user, parsed.password, parsed.tls) == place


@pytest.mark.parametrize(
    "url", ["", "mail.example", "http://x", "smtp://", "smtp://h:0", "smtp://h:99999", "smtp://h/x"]
)
def test_what_is_no_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(OutOfRange) as refused:
        ServerAddress.parsed(url)
    assert url not in str(refused.value) or url in ("", "smtp://")


def test_a_sender_is_a_name_and_an_address() -> None:
    assert Sender.parsed("特番 <a@b.example>") == Sender("a@b.example", "特番")
    assert Sender.parsed("a@b.example") == Sender("a@b.example")
    with pytest.raises(OutOfRange):
        Sender.parsed("特番")


def test_the_delay_never_grows_beyond_its_limit() -> None:
    patience = Patience(first_s=2, longest_s=30)
    assert [patience.delay_s(n) for n in (1, 2, 3, 4, 5, 6, 10_000)] == [2, 4, 8, 16, 30, 30, 30]


def test_every_state_is_reached_and_the_end_is_the_end() -> None:
    reached = {step.next for step in STEPS.values()} | {MailState.WAITING}
    assert reached == set(MailState)
    left = {state for state, _ in STEPS}
    assert {MailState.SENT, MailState.FAILED}.isdisjoint(left)
    assert all(step.erases for step in STEPS.values() if step.next not in left)
