import numpy as np
import pytest

from lobule_ml.backbones import build_backbone
from lobule_ml.variables import get_variables, named_variables, set_variables


def small():
    return build_backbone("efficientnet_lite0", ("C3",), (32, 32, 3))


def test_round_trip_in_half_precision():
    first, second = small(), small()
    kept = get_variables(first)
    assert {a.dtype for a in kept.values()} == {np.dtype(np.float16), np.dtype(np.float32)}
    set_variables(second, kept)
    for (name, variable), (_, again) in zip(named_variables(first), named_variables(second), strict=True):
        np.testing.assert_allclose(variable, again, atol=2e-3, err_msg=name)


def test_a_missing_array_is_named():
    with pytest.raises(KeyError):
        set_variables(small(), {})


def test_another_shape_is_refused():
    arrays = get_variables(small())
    arrays["stem/kernel"] = np.zeros((5, 5, 3, 32), np.float32)
    with pytest.raises(ValueError, match="stem/kernel"):
        set_variables(small(), arrays)
