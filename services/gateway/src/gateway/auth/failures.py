"""How long a pause after failed logins is, and their count in one process where Redis is away."""

import math
import threading
import time

WINDOW_S = 15 * 60
"""Failures are forgotten this long after the last one."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5, 60
"""The pause after the first failure too many, and the longest; each further failure doubles it."""
_MOST_PARTIES = 10_000


class LocalFailures:
    """Failed logins of this process, by who failed: the last ten thousand names and addresses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[int, float, float]] = {}  # how many, the last one, the end of the pause

    def pause(self, party: str) -> int:
        """Seconds that a party has to wait, 0 for none."""
        with self._lock:
            _, _, until = self._failures.get(party, (0, 0.0, 0.0))
            return max(0, math.ceil(until - time.monotonic()))

    def failed(self, party: str, free: int) -> None:
        """Count a failure of a party that has so many without a pause."""
        at = time.monotonic()
        with self._lock:
            count, last, _ = self._failures.pop(party, (0, at, 0.0))
            count = count + 1 if at - last < WINDOW_S else 1
            pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(count - free, 20)) if count >= free else 0
            self._failures[party] = (count, at, at + pause)
            while len(self._failures) > _MOST_PARTIES:
                self._failures.pop(next(iter(self._failures)))

    def forget(self, party: str) -> None:
        """Forget the failures of a party."""
        with self._lock:
            self._failures.pop(party, None)
