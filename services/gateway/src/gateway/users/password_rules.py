"""Which passwords are refused: those that are guessed soon, and those that hold the user's own name."""

from collections.abc import Iterable

from gateway.errors import ProblemError

_LEAST_SCORE = 3  # of 4: more than 10^8 guesses, by zxcvbn's lists of common passwords, names, words and patterns
_LOOKED_AT = 72  # characters: zxcvbn takes the longer the more there are, and what begins so long is good enough
_LEAST_NAME = 4  # a shorter one stands in other words, too


def check_password_rules(password: str, names: Iterable[str]) -> None:
    """Refuse a new password that is easy to guess.

    Args:
        password: The password.
        names: What the user is called; parts of a name count too.

    Raises:
        ProblemError: `password_weak`, 422.
    """
    from zxcvbn import zxcvbn  # only here: it takes a tenth of a second to import

    name_parts = [part.lower() for name in names for part in (name, *name.replace(".", " ").split())]
    parts = {part for part in name_parts if len(part) >= _LEAST_NAME}
    if any(part in password.lower() for part in parts):
        raise ProblemError(422, "password_weak", "name")
    if zxcvbn(password[:_LOOKED_AT], user_inputs=sorted(parts))["score"] < _LEAST_SCORE:
        raise ProblemError(422, "password_weak", "guessed")
