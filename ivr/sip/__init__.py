"""The SIP protocol core: bytes and instants in, bytes and events out; no I/O."""
