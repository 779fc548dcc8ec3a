"""What is kept of a play that failed: the messages as a ladder and a capture, and the sound."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path

from lab.pcap import PcapWriter
from lab.scenarios.cast import Player
from lab.scenarios.ladder import Address, ladder
from lab.scenarios.results import Failure
from lab.trace import Seen

FAILURE_FILE, LADDER_FILE, CAPTURE_FILE = "failure.txt", "ladder.txt", "trace.pcap"

_CALL_ID = re.compile(rb"(?im)^(?:call-id|i)[ \t]*:[ \t]*(?P<value>[^\r\n]*)")
_FROM = re.compile(rb"(?im)^(?:from|f)[ \t]*:[^\r\n]*?sips?:(?P<user>[^@;>\r\n]+)@")
_PARTIES = re.compile(rb"(?im)^(?:from|f|to|t)[ \t]*:[^\r\n]*?sips?:(?P<user>[^@;>\r\n]+)@")


def of_players(seen: Iterable[Seen], players: Mapping[str, Player]) -> list[Seen]:
    """The messages of dialogs and registrations that one of the players takes part in."""
    users = {player.user.encode() for player in players.values()}
    messages = list(seen)
    theirs = {
        _call_id(item.data)
        for item in messages
        if any(found["user"] in users for found in _PARTIES.finditer(item.data))
    }
    return [item for item in messages if _call_id(item.data) in theirs]


def _call_id(data: bytes) -> bytes:
    found = _CALL_ID.search(data)
    return found["value"].strip() if found else b""


def addresses(seen: Iterable[Seen], players: Mapping[str, Player]) -> dict[Address, str]:
    """Whose phone is at which address: whoever sends a request says who it is."""
    roles = {player.user.encode(): role for role, player in players.items()}
    known: dict[Address, str] = {}
    for item in seen:
        found = _FROM.search(item.data)
        if found and found["user"] in roles and not item.sent and item.data[:4] != b"SIP/":
            role = roles[found["user"]]
            known.setdefault(item.peer, f"{role} {players[role].number}")
    return known


def sounds(recordings: Mapping[str, Sequence[bytes]]) -> dict[str, bytes]:
    """Recordings (WAV) of calls by who heard them, as files."""
    return {
        f"{role}-call-{number}.wav": wav
        for role, calls in recordings.items()
        for number, wav in enumerate(calls, start=1)
    }


def logs(folder: Path) -> dict[str, bytes]:
    """What the softphones of a play wrote, a folder each, as files."""
    return {
        f"{path.relative_to(folder).parts[0]}-{path.name}": path.read_bytes()
        for path in folder.rglob("*.log")
    }


def keep(
    folder: Path,
    failure: Failure,
    seen: Sequence[Seen],
    names: Mapping[Address, str],
    files: Mapping[str, bytes],
    zone: tzinfo,
) -> None:
    """Write it all into a folder, with further files by their names.

    Raises:
        OSError: the folder takes none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FAILURE_FILE).write_text(f"{failure}\n", encoding="utf-8")
    lines = ladder(seen, names, zone)
    (folder / LADDER_FILE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with (folder / CAPTURE_FILE).open("wb") as file:
        capture = PcapWriter(file)
        for item in seen:
            capture.write(item.at, item.transport, item.source, item.target, item.data)
    for name, data in files.items():
        (folder / name).write_bytes(data)
