"""What the Storage SCP answers: to whom, about what, and what lies on the disk afterwards."""

import subprocess
import threading
import time
from unittest.mock import Mock

import pydicom
import pytest
from dicom_peer import FILM, STUDY, connect, send, send_beginning, store_as, tool, with_new_uid
from pydicom.uid import generate_uid

from dicom_node.journal import received
from dicom_node.node import Node
from dicom_node.receiving.intake import Intake
from dicom_node.routing import Routing

SUCCESS, DUPLICATE, CLASS, NO_ROOM, NOT_A_FILM, UNREADABLE = 0x0000, 0x0111, 0x0122, 0xA700, 0xA900, 0xC000
TOMOSYNTHESIS, REPORT = "1.2.840.10008.5.1.4.1.1.13.1.3", "1.2.840.10008.5.1.4.1.1.88.33"


def found(node, uid):
    with node.journal.reading() as database:
        return received.find(database, uid)


class TestCallers:
    @pytest.mark.parametrize(
        ("calling", "called", "works"),
        [("MODALITY", "LOBULE", True), ("PACS", "LOBULE", True), ("STRANGER", "LOBULE", False), ("PACS", "X", False)],
    )
    def test_only_those_on_the_list_are_let_in(self, node, calling, called, works):
        command = [tool("echoscu"), "-aet", calling, "-aec", called, "127.0.0.1", str(node.port)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert (done.returncode == 0) is works, done.stderr
        if not works:
            assert f"{'Calling' if calling == 'STRANGER' else 'Called'} AE Title Not Recognized" in done.stderr

    def test_no_more_than_so_many_at_once(self, start_node):
        node = start_node(dicom_max_associations=2)
        held = [connect(node.port, address=f"127.0.0.{number}") for number in (1, 2)]
        assert all(each.is_established for each in held)
        refused = connect(node.port, address="127.0.0.3")
        assert refused.is_rejected
        assert refused.acceptor.primitive.result_str == "Rejected Transient"
        for each in held:
            each.release()
        deadline = time.monotonic() + 10
        while not (again := connect(node.port)).is_established:
            assert time.monotonic() < deadline
        again.release()


class TestObjects:
    def test_a_film_is_on_the_disk_and_in_the_journal(self, node, make_film):
        film = make_film("RCC")
        done = subprocess.run(
            [tool("storescu"), "-aet", "PACS", "-aec", "LOBULE", "127.0.0.1", str(node.port), film],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        sent = pydicom.dcmread(film)
        kept = found(node, sent.SOPInstanceUID)
        assert (kept.study_uid, kept.hanging, kept.calling_ae, kept.state) == (STUDY, "RCC", "PACS", "waiting")
        assert pydicom.dcmread(node.intake.path_of(kept.sha256)) == sent
        assert list(node.intake.incoming.iterdir()) == []

    @pytest.mark.parametrize("option", ["+e1", "+eb", "+ee"])  # lossless, baseline, extended
    def test_a_compressed_film_stays_as_it_is(self, node, make_film, draw_film, write_dicom, tmp_path, option):
        plain = write_dicom(tmp_path / "plain.dcm", draw_film(bits=8), 8, ImageLaterality="L", ViewPosition="CC")
        packed = tmp_path / "packed.dcm"
        subprocess.run([tool("dcmcjpeg"), option, plain, packed], check=True, capture_output=True)
        proposed = {"+e1": "-xs", "+eb": "-xy", "+ee": "-xx"}[option]
        command = [tool("storescu"), proposed, "-aet", "PACS", "-aec", "LOBULE", "127.0.0.1", str(node.port), packed]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        sent = pydicom.dcmread(packed)
        kept = pydicom.dcmread(node.intake.path_of(found(node, sent.SOPInstanceUID).sha256))
        assert kept.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
        assert kept.PixelData == sent.PixelData

    def test_the_same_object_again_is_a_success_another_one_of_its_uid_is_not(self, node, make_film):
        film = make_film()
        changed = pydicom.dcmread(film)
        changed.PatientID = "2"
        answers = send(node.port, film, film, changed)
        assert [status for status, _ in answers] == [SUCCESS, SUCCESS, DUPLICATE]
        assert answers[2][1] == "This UID was received before, of another patient."
        changed.PatientID, changed.ImageLaterality = "1", "L"
        assert send(node.port, changed) == [(DUPLICATE, "Another object of this UID was received before.")]
        assert pydicom.dcmread(node.intake.path_of(found(node, changed.SOPInstanceUID).sha256)).PatientID == "1"

    def test_the_same_object_in_another_encoding_is_a_success(self, node, make_film):
        """Archives and modalities choose a transfer syntax anew for each association."""
        film = make_film()
        assert send(node.port, film) == [(SUCCESS, "")]
        for proposed in ("-xi", "-xd"):  # implicit, deflated
            command = [
                tool("storescu"),
                "-v",
                proposed,
                "-aet",
                "PACS",
                "-aec",
                "LOBULE",
                "127.0.0.1",
                str(node.port),
                film,
            ]
            done = subprocess.run(command, capture_output=True, text=True)
            assert "Received Store Response (Success)" in done.stdout + done.stderr

    def test_the_same_object_over_several_associations_at_once_is_one(self, node, make_film):
        film = make_film()
        answers = []
        threads = [threading.Thread(target=lambda: answers.extend(send(node.port, film))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [status for status, _ in answers] == [SUCCESS] * 4

    def test_four_views_make_a_study_due_at_once(self, start_node, make_film):
        node = start_node(dicom_quiet_s=1000)
        films = [make_film(hanging) for hanging in ("RCC", "LCC", "RMLO", "LMLO")]
        send(node.port, *films[:3])
        assert node.study(STUDY).due_at > time.time() + 900
        send(node.port, films[3])
        assert node.study(STUDY).due_at < time.time() + 100

    def test_who_sent_last_decides_how_long_a_study_waits(self, start_node, make_film):
        node = start_node(
            dicom_calling_ae_titles="MODALITY,CR ROOM 2",
            dicom_quiet_s=1000,
            dicom_quiet_by_ae="CR ROOM 2=5000, UPS-RS=1.5",
        )
        for caller, least in (("CR ROOM 2", 4900), ("MODALITY", 900)):
            send(node.port, make_film("RCC" if caller == "MODALITY" else "LCC"), calling=caller)
            assert least < node.study(STUDY).due_at - time.time() <= least + 100

    def test_a_misspelt_title_that_would_not_wait_is_refused(self, start_node):
        with pytest.raises(ValueError, match="may not call: CR_ROOM_2"):
            start_node(dicom_calling_ae_titles="CR ROOM 2", dicom_quiet_by_ae="CR_ROOM_2=5000")
        start_node(dicom_calling_ae_titles="*", dicom_quiet_by_ae="CR_ROOM_2=5000")


class TestRules:
    @pytest.mark.parametrize(
        "tags",
        [
            {"Modality": "US"},
            {"PresentationIntentType": "FOR PROCESSING"},
            {"NumberOfFrames": 2},
            {"BodyPartExamined": "PHANTOM"},
        ],
    )
    def test_what_is_no_film_is_kept_out_with_its_reason(self, node, make_film, tags):
        film = make_film(**tags)
        [(status, comment)] = send(node.port, film)
        assert status == NOT_A_FILM
        assert comment.endswith(": not analysed")
        assert found(node, pydicom.dcmread(film).SOPInstanceUID) is None

    def test_a_class_beside_the_films_is_answered_and_others_are_not_negotiated(self, node, make_film):
        dataset = with_new_uid(make_film())
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = REPORT
        [(status, comment)] = send(node.port, dataset, classes=(REPORT,))
        assert (status, "mammograms only" in comment) == (CLASS, True)
        association = connect(node.port, classes=(TOMOSYNTHESIS, FILM))
        assert [str(context.abstract_syntax) for context in association.accepted_contexts] == [FILM]
        association.release()

    def test_an_object_that_is_not_what_its_command_says(self, node, make_film):
        association = connect(node.port)
        dataset = pydicom.dcmread(make_film())
        named, dataset.SOPInstanceUID = dataset.SOPInstanceUID, generate_uid()
        request_status = store_as(association, dataset, named)
        association.release()
        assert request_status == NOT_A_FILM

    @pytest.mark.parametrize("keep", [0, 40, 300])
    def test_what_cannot_be_read(self, node, make_film, keep):
        """Cut anywhere, it is no film; what was received of it does not stay."""
        dataset = pydicom.dcmread(make_film())
        association = connect(node.port)
        status = store_as(association, dataset, dataset.SOPInstanceUID, keep=keep)
        association.release()
        assert status == UNREADABLE
        assert list(node.intake.incoming.iterdir()) == []

    def test_without_room_nothing_is_taken(self, start_node, make_film):
        node = start_node(dicom_reserve_bytes=2**60)
        film = make_film()
        [(status, comment)] = send(node.port, film)
        assert (status, comment) == (NO_ROOM, "There is no room for the object.")
        assert list(node.intake.incoming.iterdir()) == list(node.intake.objects.iterdir()) == []
        assert node.ready()["disk"] is False


class TestWhatIsLeftAfterAnEnd:
    def test_an_association_that_ends_in_the_middle_leaves_nothing(self, node, make_film):
        association = connect(node.port)
        dataset = pydicom.dcmread(make_film())
        send_beginning(association, dataset)
        deadline = time.monotonic() + 10
        while not list(node.intake.incoming.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        association.abort()
        while list(node.intake.incoming.iterdir()):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def test_a_start_clears_what_was_never_answered_with_success(self, start_node, make_film, tmp_path):
        film = make_film()
        node = start_node()
        send(node.port, film)
        kept = found(node, pydicom.dcmread(film).SOPInstanceUID)
        (node.intake.incoming / "half.dcm").write_bytes(b"half")
        (node.intake.objects / f"{'0' * 64}.dcm").write_bytes(b"moved, and not noted")
        again = Intake(
            tmp_path / "node", node.journal, reserve_bytes=0, quiet_s=60, complete=lambda: None, routing=Routing()
        )
        assert list(again.incoming.iterdir()) == []
        assert list(again.objects.iterdir()) == [again.path_of(kept.sha256)]
        assert again.path_of(kept.sha256).stat().st_mode & 0o077 == 0


def test_all_parts_are_told_to_end_before_one_is_waited_for(make_settings):
    """Otherwise each that waits for a system that is away would have the whole grace for itself."""
    node, told = Node(make_settings(dicom_port=0, gateway_url="http://127.0.0.1:9")), []
    for name in ("first", "second"):
        part = Mock()
        part.end.side_effect = lambda name=name: told.append(("end", name))
        part.join.side_effect = lambda within_s, name=name: told.append(("join", name, within_s <= 30))
        node._loops.append(part)
    node.close()
    assert told == [("end", "first"), ("end", "second"), ("join", "first", True), ("join", "second", True)]
