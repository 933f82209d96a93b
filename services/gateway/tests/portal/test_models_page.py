"""The page of the models at work."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.portal.documents import model_page
from gateway.system.endpoints import ModelStatus
from lobule.contracts.models import Adaptation, ModelManifest, ModelPackage, WorkerAnnouncement
from lobule.progress_cache import ProgressCache
from lobule.redis_address import connect
from lobule.words import Words

PACKAGES = [described.parent for described in sorted(Path(__file__).parents[3].glob("*/src/*/*/*/model.json"))]
"""The packages that workers announce."""


class TestModels:
    CARD = "# m 1\n\n## Limits\n\n- It <b>fails</b> here.\n\n## Licence\n\nnone\n"

    def announce(self, app, worker="w", version="1", adaptation=None):
        manifest = ModelManifest(
            name="m",
            version=version,
            modality="mammography",
            architecture={},
            input={},
            classes=["benign", "malignant"],
            thresholds={"low": 0.2, "high": 0.7},
            calibration={"method": "Platt"},
            weights_file="w.npz",
            weights_sha256="0" * 64,
            trained_on="films",
            licence="Apache-2.0",
            metrics=[
                {"data": "kept apart", "metric": "AP50", "rule": "IoU", "value": 0.5, "interval_95": [0.4, 0.6]},
                {"name": "image_auc", "magnification": "40X", "data": "B", "split": "by patient", "value": 0.8},
            ],
        )
        announcement = WorkerAnnouncement(
            worker=worker,
            queue="mammo",
            modality="mammography",
            manifest=manifest,
            model_card=self.CARD,
            adaptation=adaptation,
        )
        app.state.progress_cache.announce(announcement)

    def adaptation(self, **changed):
        facts = {"name": "<b>Graz</b>", "version": "62b08857", "measured_on": datetime.now(UTC).date()}
        return Adaptation(**facts | {"log_odds_shift": -0.53, "fields": 106, "patients": 21} | changed)

    def test_says_how_good_they_are_and_where_they_fail(self, portal, app):
        self.announce(app)
        page = portal.get("/models").text
        assert "AP50" in page
        assert "0.400 to 0.600" in page
        assert "Image AUC" in page
        assert "It &lt;b&gt;fails&lt;/b&gt; here." in page
        assert page.index("It &lt;b&gt;fails&lt;/b&gt; here.") < page.index("<table>"), "the figures are folded below"

    def test_names_both_versions_during_an_update(self, portal, app):
        for worker, version in (("a", "1"), ("b", "2"), ("c", "2")):
            self.announce(app, worker, version)
        [status] = [status for status in portal.get("/api/v1/models").json() if status["workers"]]
        assert [(each["version"], each["workers"]) for each in status["models"]] == [("2", 2), ("1", 1)]
        assert status["model"]["version"] == "2"
        assert "m 2 (2), m 1 (1)" in portal.get("/models").text

    def test_names_the_laboratory_that_the_numbers_are_adapted_to(self, portal, app):
        self.announce(app, adaptation=self.adaptation())
        page = portal.get("/models").text
        assert "adapted to &lt;b&gt;Graz&lt;/b&gt; (version 62b08857)" in page
        assert "a probability of 50% becomes 37% (log odds -0.53)" in page
        assert "Fields: 106, patients: 21." in page
        assert "more than a year ago" not in page
        [status] = [status for status in portal.get("/api/v1/models").json() if status["workers"]]
        assert status["adaptation"] == status["models"][0]["adaptation"]
        assert (status["adaptation"]["log_odds_shift"], status["adaptation"]["version"]) == (-0.53, "62b08857")

    def test_an_old_adaptation_is_to_be_measured_again(self, portal, app):
        self.announce(app, adaptation=self.adaptation(measured_on=date(2020, 1, 31), patients=None))
        page = portal.get("/models").text
        assert "Measured on 31 Jan 2020. Fields: 106, of unknown patients." in page
        assert "more than a year ago" in page
        assert "2020年1月31日" in portal.get("/models", headers={"Accept-Language": "zh"}).text

    def test_names_each_adaptation_while_workers_differ(self, portal, app):
        for worker, adaptation in (("a", None), ("b", self.adaptation()), ("c", self.adaptation())):
            self.announce(app, worker, adaptation=adaptation)
        app.state.progress_cache.announce(WorkerAnnouncement(worker="d", queue="mammo", modality="mammography"))
        page = portal.get("/models").text
        assert "m 1 + &lt;b&gt;Graz&lt;/b&gt; 62b08857 (2), m 1 (1)" in page
        assert "3 workers ready" in page, "that without a model is not"

    @pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
    def test_what_a_shipped_model_says_of_itself_is_there_in_chinese(self, package):
        """A package with a new sentence needs an entry `package.…` in the catalogue."""
        manifest = ModelManifest.model_validate_json((package / "model.json").read_text("utf-8"))
        card = (package / "MODEL_CARD.md").read_text("utf-8")
        shown = model_page(
            ModelStatus(modality=manifest.modality, queue="", workers=1, model=manifest, model_card=card)
        )
        assert len(shown.limits) >= 3
        assert shown.figures
        said = [manifest.trained_on, shown.calibration, manifest.licence, *shown.limits]
        said += [text for figure in shown.figures for text in (figure.name, *figure.under, figure.data)]
        assert [text for text in said if Words("zh").of_package(text) is None and re.search("[a-z]", text)] == []

    def test_it_is_shown_in_chinese(self, portal, app):
        [package] = [package for package in PACKAGES if package.name.startswith("mammo")]
        manifest = ModelManifest.model_validate_json((package / "model.json").read_text("utf-8"))
        card = (package / "MODEL_CARD.md").read_text("utf-8")
        app.state.progress_cache.announce(
            WorkerAnnouncement(worker="w", queue="mammo", modality="mammography", manifest=manifest, model_card=card)
        )
        page = portal.get("/models", headers={"Accept-Language": "zh"}).text
        assert "各项数字针对单张片" in page
        assert "初筛AUC" in page
        assert "The figures are those of single films" not in page[: page.index("<details>")]

    def test_lists_what_works_beside_a_model(self, portal, app):
        [main, beside] = [package for package in PACKAGES if package.name.startswith(("mammo", "density"))][::-1]
        manifests = [
            ModelManifest.model_validate_json((each / "model.json").read_text("utf-8")) for each in (main, beside)
        ]
        with_it = ModelPackage(manifest=manifests[1], card=(beside / "MODEL_CARD.md").read_text("utf-8"))
        app.state.progress_cache.announce(
            WorkerAnnouncement(
                worker="w",
                queue="mammo",
                modality="mammography",
                manifest=manifests[0],
                model_card="",
                beside=[with_it],
            )
        )
        page = portal.get("/models").text
        assert page.index(main.name) < page.index(beside.name)
        assert "Quadratic kappa" in page

    def test_says_which_have_no_worker(self, portal, app):
        self.announce(app)
        page = portal.get("/models").text
        assert "No worker for Histopathology is ready" in page
        assert "No worker for Mammography is ready" not in page

    def test_says_that_the_workers_cannot_be_asked(self, portal, app):

        app.state.progress_cache = ProgressCache(connect("unix:///nowhere.sock"))
        assert "cannot be reached at the moment" in portal.get("/models").text
