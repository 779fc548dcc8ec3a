"""A carrier that serves TLS and WebSocket besides UDP and TCP."""

import subprocess
import sys
from pathlib import Path

from tests.support.carrier import Carrier
from tests.support.ports import LOOPBACK, free_port


class SecureCarrier(Carrier):
    """A carrier with certificates of its own, made before it starts; it serves WebSocket too."""

    def __init__(self, folder: Path, seed: Path, settings: str) -> None:
        data, plain = folder / "data", folder / "plain.toml"
        plain.touch()
        command = [sys.executable, "-m", "lab", "certs", "--data", str(data)]
        subprocess.run([*command, "--config", str(plain)], check=True, capture_output=True)
        self.tls_port, self.ws_port = free_port(), free_port()
        settings += f"tls_port = {self.tls_port}\nws_port = {self.ws_port}\n"
        super().__init__(folder, settings=settings, seed=seed)
        self.authority = data / "tls" / "ca.pem"

    @property
    def tls_address(self) -> tuple[str, int]:
        return LOOPBACK, self.tls_port
