"""Names of plans for `mammo-worker train`, in addition to those of the files beside this one."""

from collections.abc import Callable

from mammo_worker.configs import light, reference, standard
from mammo_worker.training.plan import TrainingPlan

PLANS: dict[str, Callable[[], TrainingPlan]] = {
    "standard": standard.plan,
    "light": light.plan,
    "thesis": reference.plan,
    "table14-o": reference.original,
    "table14-o+p": reference.preprocessed,
    "table14-o+p+e": reference.preprocessed_ratio,
    "table14-o+p+e+l": reference.preprocessed_ratio_loss,
    "table14-o+p+l": reference.preprocessed_loss,
    "table15-1": reference.sequence_1,
    "table15-2": reference.sequence_2,
    "table15-3": reference.sequence_3,
    "table15-4": reference.sequence_4,
    "table15-5": reference.sequence_5,
    "table15-6": reference.sequence_6,
    "table15-7": reference.sequence_7,
}
