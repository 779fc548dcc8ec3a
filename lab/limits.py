"""What the operating system and the collector are asked for at start."""

import gc
import resource


def raise_file_limit() -> int:
    """Raise RLIMIT_NOFILE to its hard limit (two sockets a call); returns the limit in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def put_collector_off() -> None:
    """Collect nothing until `settle_collector`: a fifth of a start would go into it for nothing."""
    gc.disable()


def settle_collector() -> None:
    """Keep what start-up made out of every collection; calls make no reference cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    gc.enable()
