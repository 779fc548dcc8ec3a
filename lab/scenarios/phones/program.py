"""A program of ours in a process of its own, with its output in a file, ended by its pid."""

import os
import shutil
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from lab.scenarios.phones.errors import NotInstalled
from lab.scenarios.phones.waiting import until

REPOSITORY = Path(__file__).parents[3]
"""Where this program's packages lie: children find them from there."""


def find(name: str) -> str:
    """The path of an installed program.

    Raises:
        NotInstalled: it is not there; the text says so.
    """
    path = shutil.which(name)
    if path is None:
        raise NotInstalled(f"{name} is not installed on this host")
    return path


class Program:
    """A child process in a session of its own; its standard error (and output) end up in `log`."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        without: Collection[str] = (),
        cwd: Path = REPOSITORY,
        talk: bool = False,
        listen: bool = False,
    ) -> None:
        """Start it; `talk`: its standard input and output are pipes; `listen`: its input alone.

        It has this process's environment `without` these variables, and those of `env`.
        """
        self.log = log
        self._log_file = log.open("ab")
        pipe = subprocess.PIPE
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            list(command),
            stdin=pipe if talk or listen else subprocess.DEVNULL,
            stdout=pipe if talk else self._log_file,
            stderr=self._log_file,
            env={name: text for name, text in os.environ.items() if name not in without}
            | dict(env or {}),
            cwd=cwd,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def stdin(self) -> IO[bytes]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def output(self) -> str:
        """What it has written into its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_for(self, text: str, timeout_s: float = 30.0) -> None:
        """Wait until `text` stands in its log."""
        until(lambda: text in self.output(), f"{text!r} in the log of {self.log.name}", timeout_s)

    def wait(self, timeout_s: float) -> int:
        """Its exit status (negative: the signal that ended it)."""
        status = self.process.wait(timeout_s)
        self._close()
        return status

    def signal(self, number: int) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self, grace_s: float = 5.0) -> int:
        """End it by SIGTERM, and by SIGKILL when it does not go within `grace_s`."""
        self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self._close()
        return status

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout, self._log_file):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
