"""The mammography pipeline as the job machinery sees it."""

from lobule.contracts.errors import AnalysisError
from lobule.worker.pipeline import Pipeline
from mammo_worker.packages import installed_package


def build_pipeline() -> Pipeline:
    """Load the installed model package and warm its networks.

    Raises:
        AnalysisError: `model_unavailable` where no usable package is installed.
    """
    package = installed_package()
    raise AnalysisError(
        "model_unavailable",
        f"The model package {package.manifest.name!r} cannot be run by this version of the worker.",
    )
