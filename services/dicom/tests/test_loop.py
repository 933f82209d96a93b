"""The thread of recurring work lives on after errors, of the work and of what says when it is due."""

import threading

import pytest

from dicom_node import loop
from dicom_node.loop import Loop


class Faulty(Loop):
    """Fails once in one of its two steps.

    Args:
        step: `work` or `pause`.
    """

    def __init__(self, step: str) -> None:
        super().__init__("faulty")
        self._fails, self.went_on = step, threading.Event()

    def _try(self, step: str) -> None:
        if step == self._fails:
            self._fails = ""
            raise OSError("disk I/O error")

    def work(self) -> None:
        if not self._fails:
            self.went_on.set()
        self._try("work")

    def pause(self) -> float:
        self._try("pause")
        return 0.001


@pytest.mark.parametrize("step", ["work", "pause"])
def test_a_thread_goes_on_after_an_error(monkeypatch, step):
    monkeypatch.setattr(loop, "IDLE_S", 0.001)
    running = Faulty(step)
    running.start()
    assert running.went_on.wait(30)
    assert running.is_alive()
    running.end()
    running.join(30)
    assert not running.is_alive()
