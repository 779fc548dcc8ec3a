#!/opt/tokuban/bin/python -IS
"""Ends with 0 once the carrier in this container takes calls, else with 1 and the reason."""

import os
import socket
import sys

PORT = int(os.environ.get("TOKUBAN__HTTP__PORT", "8080"))
ASKED = b"GET /ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def answer() -> bytes:
    """The whole answer to `GET /ready`."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=2) as connection:
        connection.sendall(ASKED)
        return b"".join(iter(lambda: connection.recv(4096), b""))


def main() -> int:
    """Ask, and say what was answered."""
    try:
        head, _, body = answer().partition(b"\r\n\r\n")
    except OSError as error:
        print(f"the carrier does not answer on port {PORT}: {error.strerror or error}")
        return 1
    print(body.decode("utf-8", "replace"))
    return 0 if head.split(b" ", 2)[1] == b"200" else 1


if __name__ == "__main__":
    sys.exit(main())
