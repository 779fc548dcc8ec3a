#!/usr/bin/env python3
"""Prints the size of the carrier's image, and how long it takes from `docker run` to `/ready`.

Each start is a cold one: a new container on a new, empty volume; its network publishes nothing.
"""

import http.client
import statistics
import subprocess
import sys
import time

IMAGE = "tokuban"
TIMES = 5
RUN = (
    "run", "-d", "--rm", "--read-only", "--tmpfs", "/tmp", "-v", "/data", "-e",
    "TOKUBAN__SIP__ADVERTISE=127.0.0.1", "-e", "TOKUBAN__SEED__DEMO=true", IMAGE,
)  # fmt: skip
ADDRESS = "{{.NetworkSettings.IPAddress}}"


def docker(*words: str) -> str:
    """What a docker command prints."""
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def is_ready(host: str) -> bool:
    """Whether the carrier there takes calls."""
    connection = http.client.HTTPConnection(host, 8080, timeout=1)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def cold_start_s() -> float:
    """Seconds from `docker run` to the first 200 of `/ready`."""
    begin = time.monotonic()
    container = docker(*RUN).strip()
    try:
        host = docker("inspect", "-f", ADDRESS, container).strip()
        while not is_ready(host):
            if time.monotonic() - begin > 60:
                sys.exit(f"not ready within a minute: {docker('logs', container)}")
            time.sleep(0.01)
        return time.monotonic() - begin
    finally:
        docker("rm", "-f", "-v", container)


def main() -> None:
    """Measure and print."""
    size = int(docker("image", "inspect", "-f", "{{.Size}}", IMAGE))
    print(f"image size      {size / 1e6:.0f} MB (target: at most 250)")
    starts = [cold_start_s() for _ in range(TIMES)]
    print(f"docker run to /ready  {statistics.median(starts):.2f} s (median of {TIMES}; "
          f"{min(starts):.2f} to {max(starts):.2f}; target: below 3)")  # fmt: skip


if __name__ == "__main__":
    main()
