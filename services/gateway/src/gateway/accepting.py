"""Weighs media types by the `Accept` header (RFC 9110, 12.5.1)."""

from collections.abc import Mapping


def weight_of(quality: str | None) -> float:
    """The weight that a parameter `q` gives; 1 without one, 0 for what is no weight."""
    try:
        weight = float(quality or 1)
    except ValueError:
        return 0
    return weight if 0 <= weight <= 1 else 0


def media_ranges(accept: str) -> Mapping[str, float]:
    """The media ranges of a header with their weights, in their order; an empty header takes everything."""
    ranges: dict[str, float] = {}
    for item in (accept.strip() or "*/*").lower().split(","):
        media_range, *parameters = (part.strip() for part in item.split(";"))
        ranges.setdefault(media_range, weight_of(next((p[2:] for p in parameters if p.startswith("q=")), None)))
    return ranges


def weigh(ranges: Mapping[str, float], media_type: str) -> tuple[float, str]:
    """The weight of a media type, by the range that names it most precisely, and that range; 0 if none does."""
    kinds = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next(((ranges[kind], kind) for kind in kinds if kind in ranges), (0, ""))


def is_acceptable(accept: str, *media_types: str) -> bool:
    """Whether a header takes one of these media types."""
    ranges = media_ranges(accept)
    return any(weigh(ranges, each)[0] > 0 for each in media_types)
