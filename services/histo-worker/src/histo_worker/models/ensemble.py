"""An ensemble of networks as one network, with the mean of their logits and of their evidence maps."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from histo_worker.models import ARCHITECTURES, build_architecture

Arrays = dict[str, NDArray[np.generic]]

NAME = "ensemble"


@ARCHITECTURES.register(NAME)
def ensemble(members: int, size: int, member: dict[str, Any]) -> keras.Model:
    """Several networks of one architecture on the same patches.

    Args:
        members: Number of networks.
        size: Side of a patch in pixels.
        member: Architecture of the members, as in a manifest.

    Returns:
        A network with the members' input, whose outputs `evidence` and `logit` are the means of theirs.
    """
    nets = [build_architecture(member) for _ in range(members)]
    for number, net in enumerate(nets):
        net.name = _prefix(number).rstrip("_")
        _rename(net, _prefix(number))
    pixels = keras.Input((size, size, 3), name="pixels")
    outputs: list[Any] = [net(pixels) for net in nets]
    return keras.Model(
        pixels, {key: layers.Average(name=key)([o[key] for o in outputs]) for key in ("evidence", "logit")}, name=NAME
    )


def ensemble_of(architecture: dict[str, Any], members: int) -> dict[str, Any]:
    """The architecture of an ensemble; for one member, that member's architecture."""
    if members == 1:
        return architecture
    return {"name": NAME, "members": members, "size": architecture["size"], "member": architecture}


def join_members(arrays: Sequence[Arrays]) -> Arrays:
    """The variables of an ensemble from those of its members; for one member, that member's variables."""
    if len(arrays) == 1:
        return arrays[0]
    return {f"{_prefix(i)}{name}": array for i, member in enumerate(arrays) for name, array in member.items()}


def _prefix(number: int) -> str:
    return f"member{number}_"


def _rename(net: keras.Model, prefix: str) -> None:
    for layer in net.layers:
        if isinstance(layer, keras.Model):
            _rename(layer, prefix)
        else:
            layer.name = f"{prefix}{layer.name}"
