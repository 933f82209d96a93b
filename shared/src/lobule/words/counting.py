"""Numbers of things in what programs print in English alone."""


def counted(count: int, noun: str) -> str:
    """`1 film`, `2 films`, for nouns with a regular plural."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
