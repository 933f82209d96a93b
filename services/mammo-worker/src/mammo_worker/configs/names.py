"""Plans by name, as `mammo-worker train` takes them."""

from collections.abc import Callable

from mammo_worker.configs import light, report, standard
from mammo_worker.configs.plan import TrainingPlan

PLANS: dict[str, Callable[[], TrainingPlan]] = {
    "standard": standard.plan,
    "light": light.plan,
    "paper": report.paper_plan,
    "table14-o": report.original,
    "table14-o+p": report.preprocessed,
    "table14-o+p+e": report.preprocessed_ratio,
    "table14-o+p+e+l": report.preprocessed_ratio_loss,
    "table14-o+p+l": report.preprocessed_loss,
    "table15-1": report.sequence_1,
    "table15-2": report.sequence_2,
    "table15-3": report.sequence_3,
    "table15-4": report.sequence_4,
    "table15-5": report.sequence_5,
    "table15-6": report.sequence_6,
    "table15-7": report.sequence_7,
}
