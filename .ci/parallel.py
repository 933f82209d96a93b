"""Distributes the tests of `make test` over processes: file by file, the slowest files first."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Files that use one system or one network, which take half a minute of CPU time to start, go to one process.
TOGETHER = {
    "services/histo-worker/tests/test_gate.py": "services/histo-worker/tests/test_predict.py",
    "services/histo-worker/tests/test_pipeline.py": "services/histo-worker/tests/test_predict.py",
    "services/histo-worker/tests/test_reproduction.py": "services/histo-worker/tests/test_predict.py",
    "services/histo-worker/tests/test_scale_estimation.py": "services/histo-worker/tests/test_predict.py",
    "services/histo-worker/tests/test_tissue.py": "services/histo-worker/tests/test_predict.py",
    "services/histo-worker/tests/test_train_command.py": "services/histo-worker/tests/test_predict.py",
    "services/mammo-worker/tests/test_examination_command.py": "tests/test_portal.py",
    "services/mammo-worker/tests/test_examination_examine.py": "tests/test_portal.py",
    "services/mammo-worker/tests/test_film_kinds.py": "tests/test_portal.py",
    "services/mammo-worker/tests/test_pipeline.py": "tests/test_portal.py",
    "tests/test_api_document.py": "tests/test_end_to_end.py",
    "tests/test_generated_clients.py": "tests/test_end_to_end.py",
    "tests/test_killed_worker.py": "tests/test_end_to_end.py",
    "tests/test_examination.py": "tests/test_portal.py",
    "tests/test_on_servers.py": "tests/test_portal.py",
    "tests/test_own_package.py": "tests/test_toy_modality.py",
}

# Half a minute and more each. They start first, so that no process is still at one of them when the others are done.
# Files that start the whole system, browser tests, which mostly wait, and trainings, which need the CPU, take turns.
SLOW = (
    "tests/test_portal.py",
    "services/gateway/tests/portal/test_quality.py",
    "tests/test_end_to_end.py",
    "services/mammo-worker/tests/test_toy_runs.py",
    "services/gateway/tests/portal/verdicts/test_targets.py",
    "tests/test_dicom_node.py",
    "services/histo-worker/tests/test_train_command.py",
    "services/gateway/tests/portal/test_reading.py",
    "services/histo-worker/tests/test_research.py",
    "services/mammo-worker/tests/test_research_page.py",
    "tests/test_toy_modality.py",
    "services/histo-worker/tests/test_tissue_training.py",
    "services/gateway/tests/test_two_gateways.py",
    "services/mammo-worker/tests/test_film_training.py",
    "services/mammo-worker/tests/test_detector_training.py",
    "services/gateway/tests/portal/test_uploading.py",
    "services/histo-worker/tests/test_predict.py",
    "services/histo-worker/tests/test_killed_training.py",
    "services/gateway/tests/portal/signing/test_obstacles.py",
    "services/gateway/tests/portal/test_registration.py",
)


def unit(nodeid: str) -> str:
    """The unit of a test: its file, since the tests of a file share fixtures."""
    file = nodeid.partition("::")[0]
    return TOGETHER.get(file, file)


class FileByFile(LoadScopeScheduling):
    """Gives a free process the next unit: a slow one while there is one, then in the order of collection."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        config.option.loadscopereorder = False  # by the number of tests
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        slow = next((file for file in SLOW if file in self.workqueue), None)
        if slow is not None:
            self.workqueue.move_to_end(slow, last=False)
        super()._assign_work_unit(node)
