"""Takes a process's rights away before it touches the bytes of an image."""

import ctypes
import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from lobule import limits
from lobule.decoding.seccomp import confine_calls


@dataclass(frozen=True)
class Bounds:
    """What decoding one file may take.

    Attributes:
        memory: Bytes of address space beyond what the process has before.
        output: Bytes of what it writes.
        cpu_s: Seconds of computing.
        seconds: From the request, however busy the machine is.
    """

    memory: int = limits.MAX_DECODER_MEMORY
    output: int = limits.MAX_DECODER_OUTPUT
    cpu_s: int = limits.MAX_DECODER_CPU_S
    seconds: float = limits.MAX_DECODER_S


DEFAULT = Bounds()

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_MOST_FILES = 16


def give_up_rights() -> None:
    """No privileges by programs that are started, no core files with patients' pixels, few open files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES, _MOST_FILES))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def confine(bounds: Bounds) -> bool:
    """Bound the memory, seconds and files of this process, and leave it only the system calls that decoding needs.

    Returns:
        Whether system calls are filtered; the bounds hold in any case.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    most = _address_space() + bounds.memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_s, bounds.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (bounds.output, bounds.output))
    return confine_calls()


def filters_calls() -> bool:
    """Whether the system lets a process filter its system calls: tried in a child, which ends at once."""
    child = os.fork()
    if child == 0:
        try:
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
            filtered = confine_calls()
        except OSError:
            filtered = False
        os._exit(0 if filtered else 1)
    return os.waitpid(child, 0)[1] == 0


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def _address_space() -> int:
    """Bytes that are mapped already."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
