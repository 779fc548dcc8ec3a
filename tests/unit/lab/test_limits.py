"""What the lab asks of the system at start."""

import gc
import resource
from collections.abc import Iterator

import pytest

from lab.limits import put_collector_off, raise_file_limit, settle_collector


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_open_files_are_allowed_as_far_as_the_system_lets(limits: tuple[int, int]) -> None:
    _, hard = limits
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    assert raise_file_limit() == hard
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector as it is, and as it was again."""
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.enable()


def test_nothing_is_collected_before_the_carrier_stands(collector: None) -> None:
    put_collector_off()
    assert not gc.isenabled()
    settle_collector()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
