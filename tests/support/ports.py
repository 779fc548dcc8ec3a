"""Free ports of the loopback interface for programs that want a number, not a socket."""

from lab.scenarios.phones.ports import LOOPBACK as LOOPBACK
from lab.scenarios.phones.ports import free_port as free_port
from lab.scenarios.phones.ports import free_range as free_range
