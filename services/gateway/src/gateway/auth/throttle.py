"""Slows down who guesses passwords: after too many failures each further one makes the next attempt wait longer.

Failures are counted for a name at an address, for an address, and for a name everywhere. Whoever has logged in from
an address before is only held up by failures of their own name there: nobody elsewhere locks them out. No pause is
longer than a minute, so that the right password is never locked out for long. Redis counts for all gateways; without it
each gateway counts for itself.
"""

import ipaddress
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import Redis
from redis.exceptions import RedisError

from gateway.auth.failures import FIRST_PAUSE_S, LONGEST_PAUSE_S, WINDOW_S, LocalFailures
from gateway.errors import ProblemError

log = structlog.get_logger()

Found = TypeVar("Found")

_HASH_S = 60  # longer than any check takes; the check of a gateway that died no longer counts after it
_LOOK_EVERY_S = 0.05
_BUSY_S = 10
_KNOWN_S = 90 * 24 * 3600
_AT_ONE_ADDRESS = 5  # a hospital's users share one address, and a name is tried from several: they get more attempts

# KEYS: of each party its failures (a number), its pause (while it lasts), and its checks under way (a sorted set, by
# their start on Redis's clock); ARGV: each party's limit, the check's name, _HASH_S. Returns the seconds to wait, 0 to
# continue, -1 if only checks under way exceed the limit.
_ENTER = """
local busy, now, hash_s = 0, tonumber(redis.call('TIME')[1]), tonumber(ARGV[#ARGV])
for party = 1, #KEYS / 3 do
  local pause = redis.call('PTTL', KEYS[3 * party - 1])
  if pause > 0 then return math.ceil(pause / 1000) end
  redis.call('ZREMRANGEBYSCORE', KEYS[3 * party], '-inf', now - hash_s)
  local failed = tonumber(redis.call('GET', KEYS[3 * party - 2]) or '0')
  local pending = redis.call('ZCARD', KEYS[3 * party])
  if pending > 0 and failed + pending >= tonumber(ARGV[party]) then busy = -1 end
end
if busy == 0 then
  for party = 1, #KEYS / 3 do
    redis.call('ZADD', KEYS[3 * party], now, ARGV[#ARGV - 1])
    redis.call('EXPIRE', KEYS[3 * party], hash_s)
  end
end
return busy
"""
# KEYS as above; ARGV: each party's limit, 1 if the check failed, the check's name, WINDOW_S and the pauses' bounds.
_LEAVE = """
local parties = #KEYS / 3
local failed, name, window = ARGV[parties + 1], ARGV[parties + 2], ARGV[parties + 3]
local first, longest = tonumber(ARGV[parties + 4]), tonumber(ARGV[parties + 5])
for party = 1, parties do
  redis.call('ZREM', KEYS[3 * party], name)
  if failed == '1' then
    local over = redis.call('INCR', KEYS[3 * party - 2]) - tonumber(ARGV[party])
    redis.call('EXPIRE', KEYS[3 * party - 2], window)
    if over >= 0 then
      redis.call('SET', KEYS[3 * party - 1], '1', 'EX', math.floor(math.min(longest, first * 2 ^ math.min(over, 20))))
    end
  end
end
"""


class LoginThrottle:
    """Slows down guesses, counted for all gateways in Redis.

    A check counts while it is under way, so guesses in parallel are as many as guesses one after the other. Checks that
    would exceed the limit only if those under way failed wait for them: a client may log in many times at once.

    Args:
        redis: Counts for all gateways.
        attempts: Failures of a name at an address without a pause.
    """

    def __init__(self, redis: "Redis", attempts: int) -> None:
        self._redis, self._attempts = redis, attempts
        self._enter, self._leave = redis.register_script(_ENTER), redis.register_script(_LEAVE)
        self._local = LocalFailures()

    def check(self, username: str, address: str, find: Callable[[], Found | None]) -> Found | None:
        """Check a password, unless there is a pause after too many failures.

        Args:
            username: The user name.
            address: The client's address.
            find: The slow check. It returns None if name or password is wrong, which counts as a failure.

        Raises:
            ProblemError: `rate_limited`, or `logins_busy` if others of this name or address are still being checked
                after a while; both 429 with Retry-After.
        """
        name, address, check = username.lower(), _network(address), uuid.uuid4().hex
        try:
            limits = self._parties(name, address)
            self._begin(limits, check)
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))
            return self._without_redis(name, address, find)
        failed = False
        try:
            found = find()
            failed = found is None
        finally:
            self._end(limits, check, failed)
        if found is not None:
            self._succeeded(name, address)
        return found

    def _parties(self, name: str, address: str) -> dict[str, int]:
        """Whose failures count, and how many of them are free."""
        here = {f"{name}@{address}": self._attempts}
        if self._redis.exists(f"lobule:login:known:{name}@{address}"):
            return here
        more = self._attempts * _AT_ONE_ADDRESS
        return here | {f"address:{address}": more, f"name:{name}": more}

    def _begin(self, limits: dict[str, int], check: str) -> None:
        deadline = time.monotonic() + _BUSY_S
        keys, bounds = _keys(limits), [*limits.values(), check, _HASH_S]
        while (wait := int(self._enter(keys, bounds))) < 0 and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)
        if wait < 0:
            raise ProblemError(429, "logins_busy", headers={"Retry-After": "1"})
        if wait:
            raise _paused(wait)

    def _end(self, limits: dict[str, int], check: str, failed: bool) -> None:
        bounds = [*limits.values(), int(failed), check, WINDOW_S, FIRST_PAUSE_S, LONGEST_PAUSE_S]
        try:
            self._leave(_keys(limits), bounds)
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))

    def _succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name at this address, and note that it has logged in from there."""
        try:
            self._redis.delete(*_keys([f"{name}@{address}"])[:2])
            self._redis.set(f"lobule:login:known:{name}@{address}", "1", ex=_KNOWN_S)
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))

    def _without_redis(self, name: str, address: str, find: Callable[[], Found | None]) -> Found | None:
        party = f"{name}@{address}"
        wait = self._local.pause(party)
        if wait:
            raise _paused(wait)
        found = find()
        if found is None:
            self._local.failed(party, self._attempts)
        else:
            self._local.forget(party)
        return found


def _network(address: str) -> str:
    """The address, or the /64 network of an IPv6 address, because a client has a whole /64."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))


def _keys(parties: "dict[str, int] | list[str]") -> list[str]:
    return [f"lobule:login:{what}:{party}" for party in parties for what in ("failed", "pause", "checked")]


def _paused(wait: int) -> ProblemError:
    return ProblemError(429, "rate_limited", "seconds", values={"count": wait}, headers={"Retry-After": str(wait)})
