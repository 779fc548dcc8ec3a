"""`tokuban voicemail`: boxes, messages and greetings of a running carrier; listening is free."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lab.cli import office, options
from lab.client import Carrier
from lab.errors import Refused

PATH = "/v1/voicemail"
COLUMNS = ("id", "mark", "recorded_at", "caller", "seconds", "expires_at")

app = typer.Typer(help="Voicemail of a running carrier: messages, greetings, settings.")

Number = Annotated[str, typer.Argument(help="The line, as 09000000001.")]
Message = Annotated[str, typer.Argument(metavar="MESSAGE", help="Its id, as `list` shows it.")]


class Format(StrEnum):
    """How a message is written."""

    WAV = "wav"
    MP3 = "mp3"


class Mark(StrEnum):
    """How a message counts."""

    NEW = "new"
    SAVED = "saved"


class Greeting(StrEnum):
    """What callers hear."""

    NUMBER = "number"
    PLAIN = "plain"
    OWN = "own"


@app.command()
def show(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Show how a box is set and how many messages it has."""
    carrier = Carrier(url, token)
    office.show_one(carrier, carrier.get(_box(number)), as_json=as_json)


@app.command("list")
def list_(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """List the messages of a box in the order in which 1417 plays them."""
    carrier = Carrier(url, token)
    with carrier.understood():
        found = carrier.get(f"{_box(number)}/messages")["items"]
    office.show_list(carrier, found, COLUMNS, as_json=as_json)


@app.command()
def fetch(
    number: Number,
    message: Message,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Where it goes; absent: ID.FORMAT.")
    ] = None,
    format: Annotated[Format, typer.Option(help="wav or mp3.")] = Format.WAV,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Keep a message in a file."""
    file = to or Path(f"{Path(message).name}.{format}")
    sound = _sound(Carrier(url, token), number, message, format)
    try:
        file.write_bytes(sound)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}: name another with --to") from None
    office.note(f"{file}: {len(sound)} bytes")


@app.command()
def play(
    number: Number,
    message: Message,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Play a message with the sound player of this computer."""
    from lab import sound_player

    sound_player.play(_sound(Carrier(url, token), number, message, Format.WAV))


@app.command()
def mark(
    number: Number,
    message: Message,
    as_: Annotated[Mark, typer.Argument(metavar="MARK", help="new or saved.")],
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Mark a message as saved, or as new again."""
    carrier = Carrier(url, token)
    marked = carrier.send("PATCH", _message(number, message), {"mark": as_.value})
    office.show_one(carrier, marked, as_json=as_json)


@app.command()
def erase(
    number: Number,
    message: Message,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Erase a message from disk and database."""
    Carrier(url, token).send("DELETE", _message(number, message))
    office.note(f"{message}: erased")


@app.command()
def start(
    number: Number,
    on: Annotated[
        list[str] | None,
        typer.Option(
            "--on", help="always, unreachable, busy or no_answer, once for each; else all usual."
        ),
    ] = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Let voicemail take calls."""
    body = office.given(active=True, conditions=on or None)
    _set(Carrier(url, token), f"{_box(number)}/service", body, as_json=as_json)


@app.command()
def stop(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Let it take none; messages stay."""
    _set(Carrier(url, token), f"{_box(number)}/service", {"active": False}, as_json=as_json)


@app.command("ring-time")
def ring_time(
    number: Number,
    seconds: Annotated[int, typer.Argument(min=0, help="How long the phone rings first.")],
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Set how long a phone rings before voicemail answers."""
    _set(Carrier(url, token), f"{_box(number)}/ring-time", {"seconds": seconds}, as_json=as_json)


@app.command()
def taking(
    number: Number,
    messages: Annotated[
        bool, typer.Option("--messages/--no-messages", help="Record callers, or greet them only.")
    ],
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Say whether callers may leave messages (au's 1611 and 1610)."""
    body: dict[str, object] = {"takes_messages": messages}
    _set(Carrier(url, token), f"{_box(number)}/taking", body, as_json=as_json)


@app.command()
def greeting(
    number: Number,
    which: Annotated[
        Greeting | None, typer.Argument(help="number, plain or own; absent with --file.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="WAV", help="The owner's own words.")
    ] = None,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Choose what callers hear, or bring the owner's own words."""
    carrier, path = Carrier(url, token), f"{_box(number)}/greeting"
    if (file is None) == (which is None):
        raise Refused("name a greeting (number, plain, own), or bring one with --file")
    if which is not None:
        _set(carrier, path, {"greeting": which.value}, as_json=as_json)
    elif file is not None:
        try:
            words = file.read_bytes()
        except OSError as error:
            raise Refused(f"{file}: {error.strerror}") from None
        _set(carrier, f"{path}/own", words, as_json=as_json)


@app.command()
def pin(
    number: Number,
    none: Annotated[bool, typer.Option("--none", help="Let no other phone hear it.")] = False,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Set the PIN of four digits for other phones, and unlock the box; it is asked for."""
    new = None if none else typer.prompt("PIN", hide_input=True, confirmation_prompt=True)
    _set(Carrier(url, token), f"{_box(number)}/pin", {"pin": new}, as_json=as_json)


@app.command()
def unlock(
    number: Number,
    as_json: office.AsJson = False,
    url: options.Url = options.URL,
    token: options.Token = None,
) -> None:
    """Let other phones try the PIN again."""
    carrier = Carrier(url, token)
    office.show_one(carrier, carrier.send("POST", f"{_box(number)}/unlock"), as_json=as_json)


def _set(carrier: Carrier, path: str, body: dict[str, object] | bytes, *, as_json: bool) -> None:
    office.show_one(carrier, carrier.send("PUT", path, body), as_json=as_json)


def _sound(carrier: Carrier, number: str, message: str, format: Format) -> bytes:
    return carrier.download("GET", f"{_message(number, message)}/sound.{format}")


def _box(number: str) -> str:
    return f"{PATH}/{office.part(number)}"


def _message(number: str, message: str) -> str:
    return f"{_box(number)}/messages/{office.part(message)}"
