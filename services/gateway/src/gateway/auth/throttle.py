"""Limits failed logins, counted in Redis by user name and by address."""

import time
import uuid
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import Redis
from redis.exceptions import RedisError

from gateway.errors import ProblemError

log = structlog.get_logger()

Found = TypeVar("Found")

_WINDOW_S = 15 * 60
_HASH_S = 60  # longer than any check takes; the check of a gateway that died no longer counts after it
_LOOK_EVERY_S = 0.05
_BUSY_S = 10

# KEYS: failures of each party (a number), and its checks under way (a sorted set, by their start on Redis's clock);
# ARGV: each party's limit, the check's name, _HASH_S. Returns the seconds to wait, 0 to continue, -1 where only checks
# under way exceed the limit.
_ENTER = """
local busy, now, hash_s = 0, tonumber(redis.call('TIME')[1]), tonumber(ARGV[#ARGV])
for party = 1, #KEYS / 2 do
  local failed = tonumber(redis.call('GET', KEYS[2 * party - 1]) or '0')
  redis.call('ZREMRANGEBYSCORE', KEYS[2 * party], '-inf', now - hash_s)
  local pending = redis.call('ZCARD', KEYS[2 * party])
  local limit = tonumber(ARGV[party])
  if failed >= limit then return math.max(1, redis.call('TTL', KEYS[2 * party - 1])) end
  if failed + pending >= limit then busy = -1 end
end
if busy == 0 then
  for party = 1, #KEYS / 2 do
    redis.call('ZADD', KEYS[2 * party], now, ARGV[#ARGV - 1])
    redis.call('EXPIRE', KEYS[2 * party], hash_s)
  end
end
return busy
"""
# KEYS as above; ARGV: 1 where the check failed, _WINDOW_S, the check's name.
_LEAVE = """
for party = 1, #KEYS / 2 do
  redis.call('ZREM', KEYS[2 * party], ARGV[3])
  if ARGV[1] == '1' then
    redis.call('INCR', KEYS[2 * party - 1])
    redis.call('EXPIRE', KEYS[2 * party - 1], ARGV[2])
  end
end
"""


class LoginThrottle:
    """Counts failed logins. Without Redis it admits users and logs a warning, because a hospital must be able to work.

    A check counts while it is under way, so guesses in parallel are as many as guesses one after the other. Checks that
    would exceed the limit only if those under way failed wait for them: a client may log in many times at once.
    """

    def __init__(self, redis: "Redis", attempts: int) -> None:
        self._redis, self._attempts = redis, attempts
        self._enter, self._leave = redis.register_script(_ENTER), redis.register_script(_LEAVE)

    def check(self, username: str, address: str, find: Callable[[], Found | None]) -> Found | None:
        """Check a password, unless the name or the address has too many failures.

        Args:
            username: The user name.
            address: The client's address.
            find: The slow check. It returns None where name or password is wrong, which counts as a failure.

        Raises:
            ProblemError: `rate_limited`, or `logins_busy` where others of this name or address are still being checked
                after a while; both 429 with Retry-After.
        """
        parties = f"name:{username.lower()}", f"address:{address}"
        keys = [f"lobule:login:{what}:{party}" for party in parties for what in ("failed", "checked")]
        check = uuid.uuid4().hex
        counted = self._begin(keys, check)
        failed = False
        try:
            found = find()
            failed = found is None
        finally:
            if counted:
                self._end(keys, check, failed)
        if found is not None:
            self._forget(keys[0])
        return found

    def _begin(self, keys: list[str], check: str) -> bool:
        # A hospital's users share one address, so it gets more attempts than one name.
        limits = [self._attempts, self._attempts * 5]
        deadline = time.monotonic() + _BUSY_S
        try:
            while (wait := int(self._enter(keys, [*limits, check, _HASH_S]))) < 0 and time.monotonic() < deadline:
                time.sleep(_LOOK_EVERY_S)
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))
            return False
        if wait < 0:
            raise ProblemError(429, "logins_busy", headers={"Retry-After": "1"})
        if wait:
            raise ProblemError(
                429,
                "rate_limited",
                "minutes",
                values={"count": -(-wait // 60)},
                headers={"Retry-After": str(wait)},
            )
        return True

    def _end(self, keys: list[str], check: str, failed: bool) -> None:
        try:
            self._leave(keys, [int(failed), _WINDOW_S, check])
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))

    def _forget(self, failures: str) -> None:
        try:
            self._redis.delete(failures)
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))
