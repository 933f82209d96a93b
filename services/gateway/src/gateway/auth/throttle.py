"""A pause after too many failed logins, counted on Redis by name and by address."""

import structlog
from redis import Redis
from redis.exceptions import RedisError

from gateway.errors import ProblemError

log = structlog.get_logger()

_WINDOW_S = 15 * 60


class LoginThrottle:
    """Counts failed logins. Without Redis it lets people in and says so in the log: a hospital must be able to work."""

    def __init__(self, redis: "Redis", attempts: int) -> None:
        self._redis, self._attempts = redis, attempts

    def check(self, username: str, address: str) -> None:
        """Refuse a login while its name or its address must wait.

        Raises:
            ProblemError: `rate_limited`, 429 with Retry-After.
        """
        try:
            for key in self._keys(username, address):
                if int(self._redis.get(key) or 0) >= self._limit(key):
                    wait = max(1, int(self._redis.ttl(key)))
                    raise ProblemError(
                        429,
                        "rate_limited",
                        f"Too many failed logins. Please try again in {-(-wait // 60)} minutes.",
                        headers={"Retry-After": str(wait)},
                    )
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))

    def failed(self, username: str, address: str) -> None:
        """Count a failed login."""
        try:
            with self._redis.pipeline() as pipe:
                for key in self._keys(username, address):
                    pipe.incr(key)
                    pipe.expire(key, _WINDOW_S)
                pipe.execute()
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))

    def succeeded(self, username: str) -> None:
        """Forget a name's failures."""
        try:
            self._redis.delete(_name_key(username))
        except RedisError as error:
            log.warning("login_throttle_away", error=repr(error))

    def _keys(self, username: str, address: str) -> tuple[str, str]:
        return _name_key(username), f"lobule:login:address:{address}"

    def _limit(self, key: str) -> int:
        # Many people share a hospital's address; it gets more tries than one name.
        return self._attempts * 5 if ":address:" in key else self._attempts


def _name_key(username: str) -> str:
    return f"lobule:login:name:{username.lower()}"
