"""What a model was measured to be, whichever way its manifest names the parts."""

import pytest

from lobule.cli.models import _in_words
from lobule.contracts.manifest import Metric, figure_of

DETECTOR = {
    "data": "CBIS-DDSM, untouched fifth",
    "metric": "AP50, class-agnostic",
    "rule": "IoU >= 0.5, COCO",
    "value": 0.6336,
    "interval_95": [0.559, 0.7098],
}
CLASSIFIER = {
    "name": "image_auc",
    "magnification": "100X",
    "value": 0.8523,
    "interval": [0.79, 0.93],
    "split": "BreakHis",
}


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (DETECTOR, "AP50, class-agnostic (IoU >= 0.5, COCO): 0.634 (0.559 to 0.710)"),
        (CLASSIFIER, "Image AUC (100X): 0.852 (0.790 to 0.930)"),
        ({"metric": "FPPI", "value": 1}, "FPPI: 1.000"),
    ],
)
def test_a_figure_in_words(metric, words):
    assert _in_words(figure_of(Metric.model_validate(metric))) == words
