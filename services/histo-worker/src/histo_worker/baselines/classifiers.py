"""The classifiers of chapter 2: George's support vector machine, Kowal's naive Bayes on kernel densities."""

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

Float = NDArray[np.floating]
Ints = NDArray[np.integer]


def svm_logits(train: Float, target: Ints, test: Float) -> Float:
    """Decision values of a support vector machine with a radial basis function."""
    return make_pipeline(StandardScaler(), SVC(class_weight="balanced")).fit(train, target).decision_function(test)


def kernel_bayes_logits(train: Float, target: Ints, test: Float, bandwidth: float = 0.5) -> Float:
    """Log odds of naive Bayes with a Gaussian kernel density for each feature and class.

    The classes have equal prior probabilities.
    """
    scale = make_pipeline(StandardScaler(), PCA(min(8, train.shape[1]), whiten=True)).fit(train)
    known, asked = scale.transform(train), scale.transform(test)
    logits = np.zeros(len(test))
    for column in range(known.shape[1]):
        densities = []
        for label in (0, 1):
            kernel = KernelDensity(bandwidth=bandwidth).fit(known[target == label, column : column + 1])
            densities.append(kernel.score_samples(asked[:, column : column + 1]))
        logits += np.clip(densities[1] - densities[0], -10, 10)
    return logits
