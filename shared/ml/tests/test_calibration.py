import numpy as np

from lobule_ml.calibration import Logistic, logit, sigmoid


def test_sigmoid_is_the_inverse_of_logit_and_never_overflows():
    p = np.array([0.001, 0.3, 0.999])
    np.testing.assert_allclose(sigmoid(logit(p)), p)
    assert sigmoid([-1e6, 1e6]).tolist() == [0.0, 1.0]


def test_fit_finds_the_direction():
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 400)
    features = np.stack([truth + chance.normal(0, 1, 400), chance.normal(0, 1, 400)], axis=1)
    model = Logistic.fit(features, truth)
    assert model.weights[0] > 0.5 > abs(model.weights[1])
    assert model(features)[truth == 1].mean() > model(features)[truth == 0].mean() + 0.1


def test_rising_fit_never_lowers_the_probability_for_a_larger_feature():
    chance = np.random.default_rng(3)
    truth = chance.random(300) < 0.5
    cause = truth + chance.normal(0, 0.7, 300)
    features = np.stack([cause + chance.normal(0, 1.5, 300), cause], axis=1)
    features[:, 0] -= 1.2 * truth  # the first feature is misleading in the presence of the second
    free, rising = Logistic.fit(features, truth), Logistic.fit(features, truth, rising=True)
    assert free.weights[0] < 0
    assert min(rising.weights) == rising.weights[0] == 0.0
    alone = Logistic.fit(features[:, 1], truth)
    np.testing.assert_allclose((rising.weights[1], rising.bias), (alone.weights[0], alone.bias), rtol=1e-3, atol=1e-3)
