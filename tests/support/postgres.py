"""A PostgreSQL server of the tests' own: made in a temporary folder, ended by its process id."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "listen_addresses": "127.0.0.1",
}


DURABLE = FAST | {"fsync": "on", "full_page_writes": "on"}
"""What a bench measures: a commit is on the disk."""


class NoPostgres(Exception):
    """The server programs are not on this host; the message says how to get them."""


class Server:
    """A server with data of its own; stopped and started again, it is the same one."""

    def __init__(self, folder: Path, options: Mapping[str, str] = FAST) -> None:
        self._folder, self._data, self._options = folder, folder / "data", options
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}"

    def start(self) -> None:
        """Return once it answers."""
        options = [f"-c{name}={value}" for name, value in self._options.items()]
        program, where = _program("postgres"), ("-D", self._data, f"-p{self._port}")
        command = [program, *where, f"-k{self._folder}", *options]
        with _output(self._folder) as log:
            self._process = subprocess.Popen(_as_owner(*command), stdout=log, stderr=log)
        _wait(self._process, self.url, self._folder)

    def stop(self) -> None:
        """End it, whoever is still connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            self._process.wait(20)
            self._process = None


@contextmanager
def stoppable(options: Mapping[str, str] = FAST) -> Iterator[Server]:
    """A running server that a test may stop and start."""
    folder = Path(tempfile.mkdtemp(prefix="tokuban-pg-"))
    try:
        _own(folder)
        data = folder / "data"
        _run(_program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
        running = Server(folder, options)
        try:
            running.start()
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def server() -> Iterator[str]:
    """A running server; yields its address without a database, as `postgresql://…:port`."""
    with stoppable() as running:
        yield running.url


@contextmanager
def database(server_url: str, template: str = "template1") -> Iterator[str]:
    """A database on the server, empty or as `template` is; dropped afterwards. Its address."""
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield f"{server_url}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def lasting_database(server_url: str) -> str:
    """An empty database that is there until the server ends; holds no connection. Its address."""
    name = f"t{secrets.token_hex(6)}"
    with psycopg.connect(f"{server_url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server_url}/{name}"


@contextmanager
def _output(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder / "server.log", os.O_CREAT | os.O_WRONLY, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _program(name: str) -> Path:
    """The newest installed version; Debian keeps the server programs out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    if found:
        return found[-1]
    if on_path := shutil.which(name):
        return Path(on_path)
    raise NoPostgres(f"{name} is missing: install the package postgresql")


def _version(path: Path) -> int:
    return int(path.parents[1].name)


def _as_owner(*command: object) -> list[str]:
    """The server refuses to run as root, so root runs it as the user `postgres`.

    It also ends when this process is killed before it could end the server.
    """
    identity = _postgres_ids() if os.geteuid() == 0 else []
    return ["setpriv", *identity, "--pdeathsig=INT", *(str(word) for word in command)]


def _postgres_ids() -> list[str]:
    entry = pwd.getpwnam("postgres")
    return [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]


def _own(folder: Path) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam("postgres")
        os.chown(folder, entry.pw_uid, entry.pw_gid)


def _run(*command: object) -> None:
    done = subprocess.run(
        _as_owner(*command), capture_output=True, text=True, check=False, cwd="/", timeout=60
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    """Return once the server answers; raise with its own words when it ended instead."""
    for _ in range(200):
        with suppress(psycopg.OperationalError):
            psycopg.connect(f"{url}/postgres", connect_timeout=2).close()
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            break
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'server.log').read_text()}")
