"""The laboratory in containers, as its tests drive it: compose, docker, the carrier's HTTP."""

import json
import os
import shlex
import socket
import subprocess
import urllib.error
import urllib.request
from typing import Any

from lab.scenarios.phones import wire
from lab.scenarios.phones.waiting import until
from tests.architecture.source import ROOT

SIP = ("127.0.0.1", 25060)
"""Where a phone on the host reaches it: docker/test.env."""
HTTP = "http://127.0.0.1:28080"
CARRIER = "tokuban"
"""The carrier's image."""

_COMPOSE = "docker-compose -f docker/compose.yaml --env-file docker/test.env"
_WITHIN_S = 120.0

Json = dict[str, Any]


def docker(*words: str, timeout_s: float = _WITHIN_S) -> str:
    """What a docker command prints; AssertionError with its words when it fails."""
    return _run(["docker", *words], timeout_s)


def compose(*words: str, timeout_s: float = _WITHIN_S) -> str:
    """The same of the compose command that `docker/test` found."""
    return _run([*shlex.split(os.environ.get("TOKUBAN_COMPOSE", _COMPOSE)), *words], timeout_s)


def _run(command: list[str], timeout_s: float) -> str:
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def container(service: str) -> str:
    """The id of a service's container."""
    return compose("ps", "-q", service).strip()


def address(service: str) -> str:
    """Its address in the laboratory's network, which this host reaches by the bridge."""
    path = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return docker("inspect", "-f", path, container(service)).strip()


def inside(service: str, *command: str) -> str:
    """What a command in a service's container prints."""
    return docker("exec", container(service), *command)


def get(path: str) -> Any:
    """The JSON document at a path of the carrier's published HTTP port."""
    with urllib.request.urlopen(HTTP + path, timeout=10) as answer:
        return json.loads(answer.read())


def put(path: str, body: Json) -> None:
    """Make what stands at a path this."""
    request = urllib.request.Request(HTTP + path, json.dumps(body).encode(), method="PUT")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status < 300


def wait_ready() -> None:
    """Until the carrier takes calls."""

    def ready() -> bool:
        try:
            return bool(get("/ready")["ready"])
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    until(ready, "the carrier in its container being ready", _WITHIN_S)


class StandingPhone:
    """The phone that stands registered in a service's container."""

    def __init__(self, service: str) -> None:
        self._service = service

    def ask(self, verb: str, **values: object) -> Any:
        """Have it do something, on a connection that ends with it."""
        with (
            socket.create_connection((address(self._service), wire.PORT), 30) as connection,
            connection.makefile("rwb") as stream,
        ):
            wire.write(stream, {"do": verb, **values})
            answer = wire.read(stream)
        assert answer is not None
        assert "error" not in answer, answer["error"]
        return answer["is"]

    def heard(self) -> bytes:
        """What it hears in its latest call, as WAV."""
        return wire.joined(b"", self.ask("heard"))
