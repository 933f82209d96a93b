"""The format of a decoder's outcome in the shared file: facts as JSON and arrays of samples, or a refusal.

The reader trusts none of it: it reads plain data, once, and checks it against limits, because a decoder
under the control of hostile bytes can write anything at any time.
"""

import math
import os
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, NonNegativeInt

from lobule import limits
from lobule.contracts.errors import InputErrorCode
from lobule.errors import AnalysisError, ErrorValue

_LENGTH_BYTES = 8
_ALIGNMENT = 64
_KINDS = ("|u1", "<u2", "|b1")

Kind = Literal["|u1", "<u2", "|b1"]


@dataclass(frozen=True)
class Decoded:
    """The outcome of a file.

    Attributes:
        facts: Facts about the image as JSON.
        arrays: Arrays by name, of type uint8, uint16 or bool.
    """

    facts: str
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]])


class _Place(BaseModel):
    kind: Kind
    shape: list[NonNegativeInt] = Field(max_length=3)
    start: NonNegativeInt


class _Refusal(BaseModel):
    code: InputErrorCode
    reason: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,60}$")
    values: dict[str, ErrorValue] = Field(default={}, max_length=10)


class _Head(BaseModel):
    facts: str = ""
    arrays: dict[str, _Place] = Field(default={}, max_length=8)
    refusal: _Refusal | None = None
    failure: str | None = Field(default=None, max_length=100)


class DamagedError(Exception):
    """A decoder failed, or wrote an invalid outcome."""


def write(fd: int, decoded: Decoded) -> None:
    """Write the outcome of a file.

    Raises:
        OSError: It is larger than `MAX_DECODER_OUTPUT`.
    """
    places: dict[str, _Place] = {}
    start = 0
    for name, array in decoded.arrays.items():
        places[name] = _Place(kind=_kind_of(array), shape=list(array.shape), start=start)
        start += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    first = _write_head(fd, _Head(facts=decoded.facts, arrays=places))
    for name, array in decoded.arrays.items():
        _write(fd, np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, first + places[name].start)


def write_refusal(fd: int, error: AnalysisError) -> None:
    """Write the reason why a file is refused."""
    refusal = _Refusal.model_validate({"code": error.code, "reason": error.reason, "values": error.values})
    _write_head(fd, _Head(refusal=refusal))


def write_failure(fd: int, error: BaseException) -> None:
    """Write the type of the error that ended the decoder, without its message, which may repeat words of the file."""
    _write_head(fd, _Head(failure=type(error).__name__[:100]))


def read(fd: int) -> Decoded:
    """Read the outcome of a file.

    Raises:
        AnalysisError: The refusal.
        DamagedError: The decoder failed, or the outcome is invalid.
    """
    size = os.fstat(fd).st_size
    length = int.from_bytes(os.pread(fd, _LENGTH_BYTES, 0), "little")
    if not 0 < length <= min(limits.MAX_DECODER_FACTS, size):
        raise DamagedError(f"a head of {length} bytes in {size}")
    try:
        head = _Head.model_validate_json(os.pread(fd, length, _LENGTH_BYTES))
    except ValueError as error:
        raise DamagedError(type(error).__name__) from None
    if head.failure is not None:
        raise DamagedError(head.failure)
    if head.refusal is not None:
        error = AnalysisError(head.refusal.code, head.refusal.reason)
        error.values = head.refusal.values  # not as arguments, because a hostile decoder chooses the names
        raise error
    first = _first(length)
    return Decoded(head.facts, {name: _array(fd, size, first, place) for name, place in head.arrays.items()})


def _array(fd: int, size: int, first: int, place: _Place) -> NDArray[Any]:
    count = math.prod(place.shape)
    start = first + place.start
    if start + count * np.dtype(place.kind).itemsize > size:
        raise DamagedError("an array beyond the file")
    array = np.empty(place.shape, place.kind)
    rest = array.reshape(-1).view(np.uint8).data
    while rest:
        got = os.preadv(fd, [rest], start)
        if not got:
            raise DamagedError("the file has shrunk")
        rest, start = rest[got:], start + got
    return array


def _kind_of(array: NDArray[Any]) -> Kind:
    for kind in _KINDS:
        if array.dtype == kind:
            return kind
    raise TypeError(f"samples of type {array.dtype}")


def _write_head(fd: int, head: _Head) -> int:
    content = head.model_dump_json().encode()
    _write(fd, memoryview(len(content).to_bytes(_LENGTH_BYTES, "little") + content), 0)
    return _first(len(content))


def _first(length: int) -> int:
    return -(-(_LENGTH_BYTES + length) // _ALIGNMENT) * _ALIGNMENT


def _write(fd: int, content: memoryview, start: int) -> None:
    while content:
        written = os.pwrite(fd, content, start)
        content, start = content[written:], start + written
