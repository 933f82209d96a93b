"""The back-end of Keras: TensorFlow to serve, TensorFlow, PyTorch or JAX to train."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

EXTRAS = {"tensorflow": None, "torch": "train-torch", "jax": "train-jax"}
"""The back-ends, each with the workers' extra that installs it; TensorFlow is always installed."""


def chosen_backend() -> str:
    """The back-end that Keras will use: KERAS_BACKEND, else Keras' own file of settings, else TensorFlow."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name
    settings = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "keras.json"
    try:
        return str(json.loads(settings.read_text("utf-8")).get("backend", "tensorflow"))
    except (OSError, ValueError, AttributeError):
        return "tensorflow"


def require_backend() -> None:
    """End the program with a message if the chosen back-end is not available. Call this before Keras is imported.

    Raises:
        SystemExit: The back-end is unknown or not installed.
    """
    name = chosen_backend()
    if name not in EXTRAS:
        raise SystemExit(f"KERAS_BACKEND is {name!r}; choose one of {', '.join(EXTRAS)}")
    if find_spec(name) is None:
        raise SystemExit(
            f"KERAS_BACKEND is {name}, but {name} is not installed. Install it beside the worker "
            f"(`uv sync --all-packages --extra {EXTRAS[name]}`, or `pip install {name}`), or unset KERAS_BACKEND."
        )
