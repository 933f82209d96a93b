"""Rules that combine patches into an image, by name.

To add a rule, write a module here with a function under `@RULES.register("name")`; the tables then compare it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lobule_ml.registry import Registry

Float = NDArray[np.floating]
Rule = Callable[[Float], float]

RULES: Registry[Rule] = Registry("aggregation", __name__)
"""A rule maps the logits of an image's patches, (n,) with n >= 1, to a score; from 0.5 on the image is malignant."""
