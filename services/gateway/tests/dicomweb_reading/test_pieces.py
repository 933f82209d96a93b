"""What is retrieved is read in pieces, so that slow readers of large films do not fill the gateway's memory."""

import gzip
import io
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from dicomweb_objects import DOCUMENT, PICTURE, STUDY, hand_over, made, place_of, read, rendered
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, JPEGLSLossless

from lobule import layout

MOST = 1 << 20
SIZE = 5 << 20


@pytest.fixture
def lengths(app, monkeypatch):
    """Lengths of what is read of stored objects."""
    found, opened = [], app.state.store.open

    @contextmanager
    def watched(key: str):
        with opened(key) as stream:
            whole = stream.read

            def measured(*count: int) -> bytes:
                content = whole(*count)
                found.append(len(content))
                return content

            yield SimpleNamespace(read=measured, seek=stream.seek, tell=stream.tell)

    monkeypatch.setattr(app.state.store, "open", watched)
    return found


def test_a_film(client, alice, upload, case, film, app, lengths):
    sent = read(film())
    wide = np.random.default_rng(0).integers(0, 4096, (1024, SIZE // 2048), np.uint16)
    sent.Rows, sent.Columns, sent.PixelData = *wide.shape, wide.tobytes()
    buffer = io.BytesIO()
    sent.save_as(buffer)
    answer = upload(buffer.getvalue(), name="film.dcm", modality="mammography", case_id=case)
    assert answer.status_code == 202, answer.text
    image = answer.json()["image"]["id"]
    samples = gzip.compress(wide.tobytes(), 0)
    app.state.store.put(layout.file_key(layout.film_folder(image), layout.SAMPLES_FILE), samples)
    place = f"/dicom-web/studies/{STUDY}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    lengths.clear()
    for path in (f"{place}/frames/1", f"{place}/bulkdata/7FE00010"):
        assert wide.tobytes() in client.get(path, headers=alice).content
    got = client.get(f"/api/v1/images/{image}/film/samples", headers=alice)
    assert (got.content, got.headers["Content-Length"]) == (wide.tobytes(), str(len(samples)))
    assert sum(lengths) > 3 * SIZE
    assert max(lengths) <= MOST


def test_a_film_of_the_other_byte_order(client, alice, node, study, lengths):
    wide = np.arange(SIZE // 2, dtype=np.uint32).astype(np.uint16)
    said = {"Rows": 1024, "Columns": SIZE // 2048, "SamplesPerPixel": 1, "BitsAllocated": 16}
    little = read(made(PICTURE, "OT", **said, PhotometricInterpretation="MONOCHROME2"))
    content = Dataset(dict(little))
    content.file_meta = little.file_meta
    content.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    content.add_new("PixelData", "OW", wide.byteswap().tobytes())
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, content, implicit_vr=False, little_endian=False, enforce_file_format=True)
    assert hand_over(client, node, study.case, buffer.getvalue()).status_code == 201
    lengths.clear()
    assert wide.tobytes() in client.get(f"{place_of(buffer.getvalue())}/frames/1", headers=alice).content
    assert max(lengths) <= MOST


@pytest.fixture
def encapsulated(client, node, study):
    def store(frames: list[bytes], count: int = 2, **how) -> str:
        """Hands over an object with these frames, and returns its address."""
        content = read(made(PICTURE, "OT", NumberOfFrames=count))
        content.file_meta.TransferSyntaxUID = JPEGLSLossless
        content.PixelData = encapsulate(frames, **how)
        content["PixelData"].VR, content["PixelData"].is_undefined_length = "OB", True
        buffer = io.BytesIO()
        content.save_as(buffer)
        assert hand_over(client, node, study.case, buffer.getvalue()).status_code == 201
        return place_of(buffer.getvalue())

    return store


@pytest.mark.parametrize("has_offsets", [True, False])
@pytest.mark.parametrize("per_frame", [1, 3])
def test_encapsulated_frames(client, alice, encapsulated, lengths, has_offsets, per_frame):
    images = [bytes([number]) * SIZE + b"\xff\xd9" for number in (1, 2)]
    place = encapsulated(images, fragments_per_frame=per_frame, has_bot=has_offsets)
    lengths.clear()
    got = client.get(f"{place}/frames/2,1", headers=alice).content
    assert 0 < got.index(images[1]) < got.index(images[0])
    assert max(lengths) <= MOST


def test_an_encapsulated_frame_that_is_missing_is_refused(client, alice, encapsulated):
    place = encapsulated([b"first" * 2, b"second"], count=3)
    answer = client.get(f"{place}/frames/3", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "instance_unreadable")


def test_a_document_and_a_picture(client, alice, node, study, lengths):
    document = made(DOCUMENT, "DOC", EncapsulatedDocument=b"%PDF" + bytes(SIZE), EncapsulatedDocumentLength=SIZE + 3)
    colours = np.random.default_rng(0).integers(0, 256, (1280, 1280, 3), np.uint8)
    said = {"Rows": 1280, "Columns": 1280, "SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "RGB"}
    picture = made(PICTURE, "OT", **said, PixelData=colours.tobytes())
    for content in (document, picture):
        assert hand_over(client, node, study.case, content).status_code == 201
    lengths.clear()
    assert rendered(client, alice, document).content == b"%PDF" + bytes(SIZE - 1)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(rendered(client, alice, picture).content))), colours)
    assert client.get(f"{place_of(document)}/bulkdata/00420011", headers=alice).status_code == 200
    assert max(lengths) <= MOST
