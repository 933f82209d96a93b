"""Networks: the thesis' ResNet family, pretrained backbones, and the heads that stand on either.

To add an architecture, write a module here with a function under `@ARCHITECTURES.register("name")`; a manifest's
`architecture` then holds that name and the function's arguments.
"""

from collections.abc import Callable
from typing import Any

import keras

from lobule_ml.registry import Registry

ARCHITECTURES: Registry[Callable[..., keras.Model]] = Registry("architecture", __name__)


def build_architecture(architecture: dict[str, Any]) -> keras.Model:
    """Build a network from `architecture` of a manifest, randomly initialised.

    Raises:
        KeyError, TypeError, ValueError: It names no architecture, or arguments that do not fit it.
    """
    arguments = {key: value for key, value in architecture.items() if key != "name"}
    return ARCHITECTURES[architecture["name"]](**arguments)
