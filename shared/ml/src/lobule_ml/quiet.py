"""Starts Keras without packages that nobody uses, and hides TensorFlow's start-up messages on command lines."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

from lobule.starting import without_collection

STANDARD_ERROR = 2
_ONLY_WRAPPED = ("matplotlib", "sklearn")  # Keras imports them for wrappers and galleries that Lobule does not use


def quiet_tensorflow() -> None:
    """Show only fatal messages of TensorFlow's libraries. Call this before TensorFlow is imported.

    Variables that are set already do not change, so TF_CPP_MIN_LOG_LEVEL=0 shows everything.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


@contextmanager
def held_standard_error(*explained: type[BaseException]) -> Iterator[None]:
    """Hold back what libraries write to standard error, and show it only if an exception is raised.

    TensorFlow writes its first lines before it reads TF_CPP_MIN_LOG_LEVEL; import it and build the network inside.

    Args:
        explained: Exceptions that are raised without showing the output.
    """
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "0":
        yield
        return
    sys.stderr.flush()
    kept = os.dup(STANDARD_ERROR)
    with TemporaryFile() as held:
        os.dup2(held.fileno(), STANDARD_ERROR)
        try:
            yield
        except explained:
            raise
        except BaseException:
            os.dup2(kept, STANDARD_ERROR)
            held.seek(0)
            os.write(STANDARD_ERROR, held.read())
            raise
        finally:
            os.dup2(kept, STANDARD_ERROR)
            os.close(kept)


def import_keras() -> None:
    """Import Keras without scikit-learn and Matplotlib, which take a quarter of the time and can be imported later.

    Call it before anything else imports Keras. In a process that uses one of the two already, Keras finds it.
    """
    if "keras" in sys.modules:
        return
    hidden = [name for name in _ONLY_WRAPPED if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # pyright: ignore[reportArgumentType] - an import of it fails, and Keras does without
    try:
        with without_collection():
            import keras  # noqa: F401 - for its effect
    finally:
        for name in hidden:
            del sys.modules[name]


def start_keras() -> None:
    """Import Keras and let it look for devices, without TensorFlow's start-up messages."""
    with held_standard_error():
        import_keras()
        import keras

        keras.ops.zeros(1)
