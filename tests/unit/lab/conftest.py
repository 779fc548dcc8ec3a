"""What the lab does to the process, undone after each test."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The root logger's handlers and every logger's level."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    loggers = [
        each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger)
    ]
    levels = {each: each.level for each in (root, *loggers)}
    yield
    root.handlers[:] = handlers
    for each, level in levels.items():
        each.setLevel(level)
