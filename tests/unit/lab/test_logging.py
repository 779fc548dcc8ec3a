"""Log lines: whole, honest and without secrets."""

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import date

import pytest
import structlog

from lab.logging import MASK, configure, masked
from lab.settings import LogFormat, LogLevel, LogSettings
from provisioning.notify.letter import LetterContent, render


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    yield io.StringIO()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def log_as(form: LogFormat, out: io.StringIO) -> structlog.stdlib.BoundLogger:
    configure(LogSettings(format=form), out)
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger("test")
    return logger


@pytest.mark.parametrize("form", LogFormat)
@pytest.mark.parametrize(
    "attack", ["a\nlevel=error event=forged", "a\r\nb", "\x1b[2Jx", "a\u2028b"]
)
def test_a_value_cannot_forge_a_line(form: LogFormat, attack: str, out: io.StringIO) -> None:
    log_as(form, out).info("call.refused", user_agent=attack, **{"x\ny": 1})
    assert len(out.getvalue().splitlines()) == 1
    assert all(char.isprintable() for char in out.getvalue().rstrip("\n"))


@pytest.mark.parametrize("form", LogFormat)
def test_secrets_are_masked_wherever_they_stand(form: LogFormat, out: io.StringIO) -> None:
    secret = "marker-secret"
    log_as(form, out).warning(
        "x",
        password=secret,
        HA1=secret,
        header=f'Digest username="a", response="{secret}", uri="sip:x"',
        nested={"token": secret, "list": [f"password={secret}"]},
        url=f"postgresql://me:{secret}@host/db",
        raw=f"response={secret}".encode(),
    )
    assert secret not in out.getvalue()
    assert out.getvalue().count(MASK) >= 6


def test_a_traceback_hides_them_too(out: io.StringIO) -> None:
    log = log_as(LogFormat.JSON, out)
    try:
        raise ValueError("password=marker-secret")
    except ValueError:
        log.exception("failed")
    event = json.loads(out.getvalue())
    assert "marker-secret" not in out.getvalue()
    assert "ValueError" in event["exception"]


def test_json_is_one_object_a_line(out: io.StringIO) -> None:
    log_as(LogFormat.JSON, out).info("call.answered", line="+819000000001", dialled="1429")
    event = json.loads(out.getvalue())
    assert (event["event"], event["level"], event["dialled"]) == ("call.answered", "info", "1429")


def test_bound_facts_are_on_every_line(out: io.StringIO) -> None:
    log = log_as(LogFormat.TEXT, out).bind(call="abc")
    log.info("one")
    log.info("two")
    assert [("call=abc" in line) for line in out.getvalue().splitlines()] == [True, True]


def test_libraries_log_the_same_way(out: io.StringIO) -> None:
    configure(LogSettings(format=LogFormat.JSON), out)
    logging.getLogger("some.library").warning("took %s", "password=marker-secret\nx")
    assert json.loads(out.getvalue())["event"] == f"took password={MASK}\\x0ax"


@pytest.mark.rule("N050-08")
def test_setting_passwords_in_type_says_nothing_of_their_letters(out: io.StringIO) -> None:
    """The type's maker lists the letters it keeps, which are those of the passwords."""
    configure(LogSettings(level=LogLevel.DEBUG), out)
    numbers = [("05000001234", "4829", "aB3dEf7hJk9m")]
    render(LetterContent("特番 花子", "100-0001", "東京都", "K1", "N1", date(2026, 7, 25), numbers))
    assert out.getvalue() == ""


def test_the_level_is_kept(out: io.StringIO) -> None:
    log_as(LogFormat.TEXT, out).debug("hidden")
    assert out.getvalue() == ""


@pytest.mark.parametrize(
    "text",
    ["PassWord: x1y2", "RESPONSE = x1y2", "Bearer x1y2", "pa\u017fsword=x1y2", "db://me:x1y2@host"],
)
def test_a_secret_is_found_however_it_is_written(text: str) -> None:
    assert "x1y2" not in masked(text)


def test_a_key_of_srtp_is_found() -> None:
    key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
    assert key not in masked(f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20")


def test_a_fact_is_quoted_where_it_would_be_misread(out: io.StringIO) -> None:
    log_as(LogFormat.TEXT, out).info("a b", one='say "x"', two="p=q", three=None, four=True, five=5)
    _, _, facts = out.getvalue().rstrip().partition(" level=info ")
    assert facts == r'event="a b" one="say \"x\"" two="p=q" three= four=true five=5 logger=test'


def test_values_within_values_are_masked_by_their_names(out: io.StringIO) -> None:
    log_as(LogFormat.TEXT, out).info("x", facts={"code": "1234"}, raw=b"a\nb")
    assert "1234" not in out.getvalue().partition(" level=")[2]
    assert len(out.getvalue().splitlines()) == 1


def test_a_reader_that_is_gone_ends_nothing(out: io.StringIO) -> None:
    log = log_as(LogFormat.TEXT, out)
    out.close()
    log.error("nobody hears this")


def test_masking_leaves_other_text_alone() -> None:
    text = "INVITE sip:1429@127.0.0.1:5060 from 127.0.0.1:5070 user-agent baresip v1.0.0"
    assert masked(text) == text


USUAL: dict[str, object] = {
    "user": "09000000001",
    "why": 'a "b" c=d',
    "count": 3,
    "share": 0.5,
    "fine": True,
    "status": None,
    "digits": "1429",
}


@pytest.mark.parametrize(
    "facts",
    [
        {},
        USUAL,
        {"password": "x"},
        {"text": "password=x"},
        {"nested": {"a": 1}},
        {"text": "a\nb"},
        {"level": "x"},
        {"logger": "x"},
        {"at": "x"},
        {"exc_info": None},
        {"raw": b"x"},
    ],
    ids=lambda facts: "-".join(facts) or "none",
)
def test_a_line_in_one_go_is_the_line_of_the_processors(
    out: io.StringIO, facts: dict[str, object]
) -> None:
    logger = log_as(LogFormat.TEXT, out).bind(call_id="a b")
    logger.info("call.received", **facts)
    quick = out.getvalue()
    out.truncate(0)
    out.seek(0)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    log = structlog.stdlib.get_logger("test").bind(call_id="a b")
    log.info("call.received", **facts)
    stamp = re.compile(r"^at=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z) ")
    assert stamp.match(quick)
    assert stamp.sub("", quick) == stamp.sub("", out.getvalue())


def test_what_is_formatted_by_position_is_formatted(out: io.StringIO) -> None:
    log_as(LogFormat.TEXT, out).warning("%s of %d", "one", 2)
    assert 'event="one of 2"' in out.getvalue()


def test_what_went_wrong_is_told_with_its_traceback(out: io.StringIO) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        log_as(LogFormat.TEXT, out).error("flow.failed", exc_info=True)
    assert "ValueError: broken" in out.getvalue()
