"""A merge of patients over MLLP, between a real node and a real gateway."""

from types import SimpleNamespace

import numpy as np
import pytest
from dicom_faults import VIEWS, running_gateway, small_film
from dicom_peer import connect
from dicom_rounds import PROGRAM, PROGRAM_PASSWORD, node_of_a_program, until
from pydicom.uid import generate_uid

from dicom_node.hl7.mllp import exchange
from dicom_node.hl7.syntax import MOST_BYTES, parse
from lobule.client import Client

ADT = (
    "MSH|^~\\&|RIS|H|LOBULE|H|20260302||ADT^{event}|{control}|P|2.5.1\rEVN|{event}|{at}\r"
    "PID|1||P9^^^H||Roe^Jane\r{second}\r"
)


@pytest.fixture
def hospital(tmp_path):
    """A gateway without workers, a node, and hands to send films and messages to it."""
    chance, study = np.random.default_rng(7), generate_uid()
    with (
        running_gateway(tmp_path / "home") as system,
        node_of_a_program(
            system, dicom_folder=tmp_path / "node", dicom_quiet_s=0, dicom_hl7_port=0, dicom_hl7_authority="H"
        ) as node,
        Client(system.url, PROGRAM, PROGRAM_PASSWORD) as client,
    ):

        def film(view: int, patient: str) -> None:
            film = small_film(study, *VIEWS[view], chance)
            film.PatientID, film.PatientName, film.StudyDate = patient, f"Name^{patient}", "20260301"
            association = connect(node.port, calling="MODALITY")
            assert association.send_c_store(film).Status == 0
            association.release()

        def tell(event: str, second: str, control: str, at: str) -> None:
            message = ADT.format(event=event, second=second, control=control, at=at).encode()
            answer = parse(exchange("127.0.0.1", node.orders.port, message, timeout_s=10, most=MOST_BYTES))
            assert (answer.value("MSA", 1), answer.value("MSA", 2)) == ("AA", control)

        def case() -> dict | None:
            known = node.study(study)
            return client.case(known.case_id) if known and known.case_id else None

        def holds(images: int, apart: int) -> bool:
            found = case()
            return bool(found) and (len(found["images"]), len(found["refused_films"])) == (images, apart)

        yield SimpleNamespace(film=film, tell=tell, case=case, holds=holds)


def test_a_merge_reaches_the_case_and_can_be_undone(hospital):
    hospital.film(0, "P1")
    until(lambda: hospital.holds(1, 0), "the case")
    hospital.film(1, "P9")
    until(lambda: hospital.holds(1, 1), "the film that is kept apart")
    hospital.tell("A40", "MRG|P1^^^H", "C-1", "202603020815")
    until(lambda: hospital.holds(2, 0), "the film of the surviving number")
    assert hospital.case()["patient_merged_at"] is not None
    hospital.film(2, "P9")
    until(lambda: hospital.holds(3, 0), "a later film")
    hospital.tell("A40", "MRG|P1^^^H", "C-1", "202603020815")
    hospital.tell("A37", "PID|2||P1^^^H", "C-2", "202603020915")
    until(lambda: hospital.case()["patient_merged_at"] is None, "that it is undone")
    hospital.film(3, "P9")
    until(lambda: hospital.holds(3, 1) or hospital.holds(4, 0), "a film after that")
    reasons = [reason["code"] for reason in hospital.case()["conclusion"]["reasons"]]
    assert "other_patient" in reasons
