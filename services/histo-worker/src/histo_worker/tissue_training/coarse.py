"""Fits the head for coarse fields on patches of IDC, which are labelled square by square."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from histo_worker.evaluation.calibration import PlattCalibration
from histo_worker.tissue.coarse import CoarseHead, is_coarse
from histo_worker.tissue.statistics import square_statistics
from histo_worker.tissue_training.learning import Floats, TissueConfig, fold_of, squares_of
from histo_worker.tissue_training.samples import Sample

_C, _SHARE = 0.1, 0.5
"""Chosen on the patients of two of five folds (docs/results/tissue-tried.md)."""


class StatisticsModel(NamedTuple):
    """A logistic regression on the statistics of a square."""

    weights: Floats
    bias: float


def _patches(samples: Sequence[Sample]) -> tuple[NDArray[np.intp], Floats]:
    """Places of the coarse samples that have squares, and the mean statistics of each, (n, 67)."""
    squares = squares_of(samples)
    places = np.array([i for i, s in enumerate(samples) if is_coarse(s.um_per_pixel) and len(squares[i])], np.intp)
    return places, np.stack([square_statistics(squares[int(i)]).mean(axis=0) for i in places]).astype(np.float64)


def _fit(statistics: Floats, target: NDArray[np.intp]) -> StatisticsModel:
    mean, deviation = statistics.mean(axis=0), statistics.std(axis=0) + 1e-6
    fitted = LogisticRegression(C=_C, max_iter=3000).fit((statistics - mean) / deviation, target)
    weights = np.asarray(fitted.coef_)[0] / deviation
    return StatisticsModel(weights, float(np.asarray(fitted.intercept_)[0] - mean @ weights))


def fit_coarse(samples: Sequence[Sample], config: TissueConfig) -> tuple[StatisticsModel, Floats]:
    """Fit the statistics of coarse samples.

    Args:
        samples: All samples.
        config: The training configuration, for its folds.

    Returns:
        The model of all coarse samples, and what is to be added to the network's logit of each sample, by a model that
        was not fitted to its patient; 0 for finer samples.
    """
    places, statistics = _patches(samples)
    target = np.array([samples[int(i)].target for i in places], np.intp)
    fold = fold_of(samples, config.folds, config.seed)[places]
    added = np.zeros(len(samples))
    for k in range(config.folds):
        model = _fit(statistics[fold != k], target[fold != k])
        added[places[fold == k]] = _SHARE * (statistics[fold == k] @ model.weights + model.bias)
    return _fit(statistics, target), added


def coarse_head(model: StatisticsModel, network: PlattCalibration, together: PlattCalibration) -> CoarseHead:
    """The head whose logits have the calibration of the network's.

    Args:
        model: The statistics of all coarse samples.
        network: Calibration of the network's logits.
        together: Calibration of their sum with the statistics.

    Raises:
        ValueError: The network's logits say nothing about carcinoma.
    """
    if network.slope <= 0:
        raise ValueError("patches with carcinoma do not have higher logits than the others; train for more steps")
    factor = together.slope / network.slope
    bias = factor * _SHARE * model.bias + (together.intercept - network.intercept) / network.slope
    return CoarseHead(factor, (factor * _SHARE * model.weights).astype(np.float32), bias)
