"""The keys of the audit log's chains."""

import hmac

_SHORTEST = 32


def derived_key(secret_key: str) -> bytes:
    """The key where none is set."""
    return hmac.digest(secret_key.encode(), b"lobule audit chain", "sha256")


def parse_former_keys(text: str) -> list[bytes]:
    """The keys before the present one, in their order.

    Args:
        text: Audit keys and secret keys, comma-separated. It does not tell which of the two each was, so that each
            gives two keys.

    Raises:
        ValueError: One is too short.
    """
    former = [each for part in text.split(",") if (each := part.strip())]
    if any(len(each) < _SHORTEST for each in former):
        raise ValueError(f"each key must have at least {_SHORTEST} characters")
    return [key for each in former for key in (each.encode(), derived_key(each))]
