"""Drops a process's rights before it reads the bytes of an image."""

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
    """The limits for decoding one file.

    Attributes:
        memory: Bytes of address space in addition to the process's current size.
        output: Bytes that it may write.
        cpu_s: Seconds of processor time.
        seconds: Elapsed seconds from the request.
    """

    memory: int = limits.MAX_DECODER_MEMORY
    output: int = limits.MAX_DECODER_OUTPUT
    cpu_s: int = limits.MAX_DECODER_CPU_S
    seconds: float = limits.MAX_DECODER_S


DEFAULT = Bounds()

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_MOST_FILES = 16


def drop_privileges() -> None:
    """Allow no new privileges from started programs, no core files with patients' pixels, and few open files."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_FILES, _MOST_FILES))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def confine(bounds: Bounds) -> bool:
    """Limit the memory, time and files of this process, and allow only the system calls that decoding needs.

    Returns:
        Whether system calls are filtered; the limits apply in any case.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    most = _address_space() + bounds.memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.cpu_s, bounds.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (bounds.output, bounds.output))
    return confine_calls()


def filters_calls() -> bool:
    """Whether the system lets a process filter its system calls, which a short-lived child tries."""
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
    """Bytes of address space that are already mapped."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
