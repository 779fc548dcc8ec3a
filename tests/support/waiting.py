"""Wait for a condition of the real world: poll until a generous deadline, then say what it was."""

from lab.scenarios.phones.waiting import until as until
