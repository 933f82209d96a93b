"""A DICOM peer that sends objects to the node, for its tests and benchmarks."""

import os
import shutil
import sys
import time
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode

FILM = "1.2.840.10008.5.1.4.1.1.1.2"
STUDY = "1.2.826.0.1.3680043.8.498.1"


def connect(
    port: int,
    calling: str = "MODALITY",
    called: str = "LOBULE",
    classes: tuple[str, ...] = (FILM,),
    address: str = "127.0.0.1",
):
    """Open an association with a node, from an address of this machine."""
    entity = ApplicationEntity(calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
    for sop_class in classes:
        entity.add_requested_context(sop_class, "1.2.840.10008.1.2.1")
    return entity.associate("127.0.0.1", port, ae_title=called, bind_address=(address, 0))


def send(port: int, *objects: Path | Dataset, **named) -> list[tuple[int | None, str]]:
    """Send objects over one association; returns each status (None without an answer) and comment."""
    association: Association = connect(port, **named)
    assert association.is_established
    try:
        answers = []
        for each in objects:
            dataset = pydicom.dcmread(each) if isinstance(each, Path) else each
            answer = association.send_c_store(dataset)
            answers.append((answer.get("Status"), answer.get("ErrorComment", "")))
        return answers
    finally:
        association.release()


def with_new_uid(path: Path) -> Dataset:
    """The same film with another SOP Instance UID."""
    dataset = pydicom.dcmread(path)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return dataset


def store_as(association, dataset, sop_instance_uid, keep=None, content=None) -> int:
    """Send a data set, its beginning or other bytes, with a SOP Instance UID that may differ from its own."""
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = dataset.SOPClassUID, sop_instance_uid
    content = content or encode(dataset, is_implicit_vr=False, is_little_endian=True)
    request.DataSet = BytesIO(content if keep is None else content[:keep] or b"\0\0")
    association._reactor_checkpoint.clear()  # as pynetdicom does, so that its reactor does not consume the answer
    while not association._is_paused:
        if not association.is_alive():
            raise RuntimeError("the association has ended")
        time.sleep(0.001)
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    return answer.Status


def send_beginning(association, dataset) -> None:
    """Send the command of a C-STORE and the first fragments of its data set."""
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    request.DataSet = BytesIO(encode(dataset, is_implicit_vr=False, is_little_endian=True))
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    fragments = message.encode_msg(association.accepted_contexts[0].context_id, 16384)
    for _ in range(3):
        association.dul.send_pdu(next(fragments))


def tool(name: str) -> str:
    """Path of a program of dcmtk, because pynetdicom installs programs of the same names beside Python's."""
    elsewhere = [
        folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != Path(sys.executable).parent
    ]
    found = shutil.which(name, path=os.pathsep.join(elsewhere))
    if found is None:
        pytest.skip(f"there is no {name} (apt-get install dcmtk)")
    return found
