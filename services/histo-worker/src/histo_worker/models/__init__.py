"""Networks: the thesis' ResNet family, pretrained backbones, and the heads for both.

To add an architecture, write a module here with a function under `@ARCHITECTURES.register("name")`; a manifest's
`architecture` then contains that name and the function's arguments.
"""

from collections.abc import Callable
from typing import Any

import keras

from lobule_ml.registry import Registry

ARCHITECTURES: Registry[Callable[..., keras.Model]] = Registry("architecture", __name__)


def build_architecture(architecture: dict[str, Any]) -> keras.Model:
    """Build a randomly initialised network from a manifest's `architecture`.

    Raises:
        KeyError, TypeError, ValueError: The architecture is unknown, or its arguments do not fit.
    """
    arguments = {key: value for key, value in architecture.items() if key != "name"}
    return ARCHITECTURES[architecture["name"]](**arguments)
