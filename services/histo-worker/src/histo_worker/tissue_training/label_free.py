"""Numbers that rank patches without any training or label, to which a network of another laboratory is compared.

They tell dense tissue from fat, fibrous tissue and glass. They do not tell carcinoma from benign tumours.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_laplace, maximum_filter

from histo_worker.preprocessing.stain import REFERENCE_STAINS, concentrations, estimate_stains, optical_density
from histo_worker.tissue.network import UM_PER_PIXEL
from histo_worker.tissue_training.samples import Sample

Floats = NDArray[np.floating]
Float = NDArray[np.float32]

_NUCLEUS_UM = 3.0  # radius
_BLOB_UM = 2.0  # micrometres per pixel at which nuclei are searched
_LEAST_BLOB = 0.1  # response of a nucleus


def label_free_numbers(samples: Sequence[Sample]) -> dict[str, Floats]:
    """Numbers (samples,) by name; a larger number means carcinoma."""
    dyes = [_haematoxylin(s, REFERENCE_STAINS) for s in samples]
    return {
        "haematoxylin": np.array([float(dye.mean()) for dye in dyes]),
        "nuclei a square millimetre": np.array([_nuclei(dye) for dye in dyes]),
        "haematoxylin, of the patient's own dyes": _of_own_dyes(samples),
    }


def _haematoxylin(sample: Sample, stains: Float) -> Float:
    return np.maximum(concentrations(optical_density(sample.pixels), stains)[..., 0], 0)


def _nuclei(haematoxylin: Float) -> float:
    """Blobs of the size of nuclei (Laplacian of Gaussian)."""
    factor = UM_PER_PIXEL / _BLOB_UM
    large = cv2.resize(haematoxylin, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    sigma = _NUCLEUS_UM / _BLOB_UM / np.sqrt(2)
    response = -gaussian_laplace(large, sigma) * sigma**2
    count = np.count_nonzero((response == maximum_filter(response, 3)) & (response > _LEAST_BLOB))
    return count / (large.size * _BLOB_UM**2 / 1e6)


def _of_own_dyes(samples: Sequence[Sample]) -> Floats:
    """Haematoxylin unmixed by the dyes of all fields of a patient, relative to the darkest hundredth of these."""
    values = np.zeros(len(samples))
    for patient in sorted({s.patient for s in samples}):
        own = [i for i, s in enumerate(samples) if s.patient == patient]
        pixels = np.concatenate([samples[i].pixels.reshape(-1, 3) for i in own])
        stains = estimate_stains(optical_density(pixels))
        stains = REFERENCE_STAINS if stains is None else stains
        amounts = [_haematoxylin(samples[i], stains) for i in own]
        darkest = max(float(np.percentile(np.concatenate([a.ravel() for a in amounts]), 99)), 1e-3)
        values[own] = [float(a.mean()) / darkest for a in amounts]
    return values
