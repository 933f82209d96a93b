"""Tables 14 and 15, small: the same plans with the same proportions."""

import numpy as np

from mammo_worker.configs import reference
from mammo_worker.evaluation.metrics import FilmResult, reference_measures
from mammo_worker.reproduce import ROWS, _threshold_at, cost, shortened, small_network


def changed(network):
    return network.backbone.clahe, network.rois.matcher, network.box.loss, network.proposals.box_loss


def test_every_row_keeps_its_stages_and_what_it_changes():
    base = small_network(320, "resnet50")
    assert base.canvas == (320, 160)
    assert base.proposals.scales == tuple(s * 320 / 2048 for s in reference.thesis_network().proposals.scales)
    assert [len(rows) for rows in ROWS.values()] == [5, 7]
    for rows in ROWS.values():
        for _, make, _ in rows:
            plan, thesis = shortened(make(base), 40), make(None)
            assert [p.scope for p in plan.phases] == [p.scope for p in thesis.phases]
            assert {p.steps for p in plan.phases} == {40 if thesis.phases[0].steps == reference.LONG else 20}
            assert changed(plan.network) == changed(thesis.network)
            share = np.array(plan.network.proposals.scales) / 320
            assert np.allclose(share, np.array(thesis.network.proposals.scales) / 2048)


def test_cost_counts_each_training_once():
    said = cost(small_network(320, "densenet121"), 100, 238)
    assert "11 trainings of 4600 steps in all" in said  # O+P of table 14 is sequence 1 of table 15
    assert "12 times 238 films" in said


def test_operating_point_is_the_nearest_to_the_wanted_false_positives():
    chance = np.random.default_rng(0)
    films = []
    for i in range(30):
        x = chance.uniform(0, 400, (8, 2))
        films.append(
            FilmResult(
                f"{i}",
                f"P{i}",
                np.array([[500.0, 500, 600, 600]]),
                np.array([2]),
                True,
                np.concatenate([x, x + 40], axis=1),
                np.sort(chance.uniform(size=8))[::-1],
                chance.uniform(size=8),
                np.zeros(2),
            )
        )
    threshold = _threshold_at(films, 3.0)
    assert abs(reference_measures(films, "OR >= 0.5", threshold).fppi - 3.0) < 0.3
