"""The classifier of a package as a compiled function."""

import numpy as np

from histo_worker.network import CompiledClassifier, build_network
from histo_worker.settings import HistoSettings
from lobule.model_package import open_package


def test_folded_network_says_what_the_package_says():
    package = open_package(HistoSettings().model, "histopathology")
    classifier = CompiledClassifier(package, 2)
    net = build_network(package.manifest.architecture, package.weights)
    patches = np.random.default_rng(0).integers(0, 256, (2, classifier.size, classifier.size, 3), np.uint8)
    said = net(patches.astype(np.float32))
    logits, evidence = classifier(patches)
    np.testing.assert_allclose(logits, said["logit"], atol=1e-4)
    np.testing.assert_allclose(evidence, said["evidence"], atol=1e-3)
