"""Playing a WAV file with whatever player this computer has."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from lab.errors import Refused

PLAYERS = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("afplay",),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)
"""Of PipeWire, PulseAudio, ALSA, macOS and FFmpeg: the first one found plays."""


def play(wav: bytes) -> None:
    """Play a WAV file to its end.

    Raises:
        Refused: there is no player, or it failed.
    """
    command = next((each for each in PLAYERS if shutil.which(each[0])), None)
    if command is None:
        names = ", ".join(each[0] for each in PLAYERS)
        raise Refused(f"no sound player is installed ({names}): use `tokuban voicemail fetch`")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "message.wav")
        file.write_bytes(wav)
        status = subprocess.run([*command, str(file)], check=False).returncode
    if status:
        raise Refused(f"{command[0]} ended with {status}: use `tokuban voicemail fetch`")
