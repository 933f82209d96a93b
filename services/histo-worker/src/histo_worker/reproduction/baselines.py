"""The baselines of the thesis' chapter 2 on the folds of the networks."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from histo_worker.baselines.classifiers import kernel_bayes_logits, svm_logits
from histo_worker.baselines.features import nuclei_features
from histo_worker.baselines.nuclei import clustered_nuclei, watershed_nuclei
from histo_worker.data.breakhis import Field
from histo_worker.data.folds import Indices, repeated_folds
from histo_worker.evaluation.cross_validation import cross_validate
from histo_worker.preprocessing.windows import resize_area
from histo_worker.reproduction.rows import HEADER, row
from lobule.imaging.decode import RGB8, decode_rgb
from lobule_ml.batch import tracked

Floats = NDArray[np.floating]
SEEDS = (0, 1, 2, 3, 4)
Finder = Callable[[RGB8], NDArray[np.int32]]
Classifier = Callable[..., Floats]

METHODS: dict[str, tuple[Finder, Classifier]] = {
    "George: local maxima, watershed, 12 features, SVM": (watershed_nuclei, svm_logits),
    "George: circles, watershed, 12 features, SVM": (lambda p: watershed_nuclei(p, method="circles"), svm_logits),
    "Kowal: k-means, kernel naive Bayes": (lambda p: clustered_nuclei(p, "kmeans"), kernel_bayes_logits),
    "Kowal: fuzzy c-means, kernel naive Bayes": (lambda p: clustered_nuclei(p, "fuzzy_cmeans"), kernel_bayes_logits),
    "Kowal: Gaussian mixture, kernel naive Bayes": (
        lambda p: clustered_nuclei(p, "gaussian_mixture"),
        kernel_bayes_logits,
    ),
}


def baselines_section(fields: Sequence[Field]) -> Iterator[str]:
    """Compare nuclei, twelve features and a classical classifier, one row each.

    Args:
        fields: Fields of one magnification.
    """
    yield "## Baselines of chapter 2, at 100X"
    yield ""
    yield (
        "Nuclei are found on fields at half size; features are George's twelve, mean and deviation over the nuclei, "
        f"and the share of the field that they cover. Five folds, seeds {', '.join(map(str, SEEDS))}, no tuning."
    )
    yield ""
    yield HEADER
    small = [
        resize_area(p, p.shape[0] // 2, p.shape[1] // 2) for p in (decode_rgb(f.path.read_bytes()) for f in fields)
    ]
    target = np.array([f.target for f in fields])
    for name, (find, classify) in METHODS.items():
        table = np.stack([nuclei_features(p, find(p)) for p in tracked(small, name, len(small))])

        def fit_and_score(train: Indices, test: Indices, x: Floats = table, call: Classifier = classify) -> Floats:
            return call(x[train], target[train], x[test])

        yield row(name, cross_validate(fields, fit_and_score, repeated_folds(fields, 5, SEEDS)))
