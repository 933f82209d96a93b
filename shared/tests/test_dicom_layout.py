"""How DICOM files lay out their samples, and where files depart from the standard."""

import io

import imagecodecs
import numpy as np
import pydicom
import pytest
from dicom_reading import codes, in_file_units
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEGLSLossless, RLELossless

from lobule.errors import AnalysisError
from lobule.imaging.dicom.reader import read_dicom
from lobule.imaging.header import read_header


class TestLayout:
    def test_left_justified_samples(self, film_file, draw_film):
        film = read_dicom(film_file((draw_film() << 4).astype(np.uint16), HighBit=15))
        assert np.array_equal(film.pixels, draw_film())

    def test_a_high_bit_that_the_samples_contradict(self, film_file, draw_film):
        film = read_dicom(film_file(HighBit=15))
        assert np.array_equal(film.pixels, draw_film())
        assert "high_bit_unusable" in codes(film)

    def test_more_bits_in_use_than_the_tags_say(self, film_file, draw_film):
        film = read_dicom(film_file(draw_film(bits=14), BitsStored=12, HighBit=11))
        assert np.array_equal(film.pixels, draw_film(bits=14))
        assert "bits_stored_exceeded" in codes(film)

    def test_an_overlay_in_unused_bits_is_no_brightness(self, film_file, draw_film):
        stored = draw_film()
        stored[30:60, 30:60] |= 0x1000
        film = read_dicom(film_file(stored, edit=lambda d: d.add_new(0x60000102, "US", 12)))
        assert np.array_equal(film.pixels, draw_film())

    def test_signed_samples(self, film_file, draw_film):
        stored = draw_film().astype(np.int16) - 2048
        film = read_dicom(film_file(stored, PixelRepresentation=1))
        assert np.array_equal(in_file_units(film), stored)

    @pytest.mark.parametrize("bits", [8, 12])
    def test_signed_samples_in_a_codestream(self, bits, film_file, draw_film):
        stored = draw_film(bits=bits).astype(np.int16) - (1 << (bits - 1))

        def edit(dataset):
            dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
            unsigned = (stored & ((1 << bits) - 1)).astype(np.uint16)
            dataset.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(unsigned))])
            dataset["PixelData"].VR = "OB"

        film = read_dicom(film_file(stored, bits=bits, PixelRepresentation=1, edit=edit))
        assert np.array_equal(in_file_units(film), stored)

    def test_32_bits_allocated(self, film_file, draw_film):
        film = read_dicom(
            film_file(edit=lambda d: setattr(d, "PixelData", draw_film().astype("<u4").tobytes()), BitsAllocated=32)
        )
        assert np.array_equal(film.pixels, draw_film())

    @pytest.mark.parametrize("planar", [0, 1])
    def test_colours_that_are_grey(self, planar, film_file, draw_film):
        grey = draw_film(bits=8)

        def edit(dataset):
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 3, "RGB"
            dataset.PlanarConfiguration = planar
            dataset.PixelData = np.stack([grey] * 3, axis=0 if planar else -1).tobytes()

        film = read_dicom(film_file(grey, bits=8, edit=edit))
        assert np.array_equal(film.pixels, grey)
        assert film.colourfulness == 0

    @pytest.mark.parametrize("coded", ["YBR_FULL", "YBR_FULL_422"])
    def test_brightness_and_differences(self, coded, film_file, draw_film):
        grey = draw_film(bits=8)
        middle = np.full_like(grey, 128)
        pixels = np.dstack([grey, middle, middle])
        if coded == "YBR_FULL_422":
            pixels = np.concatenate([grey.reshape(-1, 2), middle.reshape(-1, 2)], axis=1)

        def edit(dataset):
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, coded, 0
            dataset.PixelData = pixels.tobytes()

        film = read_dicom(film_file(grey, bits=8, edit=edit))
        assert np.array_equal(film.pixels, grey)
        assert film.colourfulness == 0

    def test_colours_that_are_none_of_a_film_are_said_by_their_spread(self, film_file, draw_film):
        grey = draw_film(bits=8)

        def edit(dataset):
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
            dataset.PixelData = np.dstack([grey, grey // 2, grey // 3]).tobytes()

        assert read_dicom(film_file(grey, bits=8, edit=edit)).colourfulness > 0.05

    @pytest.mark.parametrize("bits", [8, 16])
    def test_a_grey_palette(self, bits, film_file, draw_film):
        indices = 255 - draw_film(bits=8)
        ramp = np.arange(255, -1, -1) * (257 if bits == 16 else 1)

        def edit(dataset):
            dataset.PhotometricInterpretation = "PALETTE COLOR"
            data = ramp.astype("<u2" if bits == 16 else np.uint8).tobytes()
            for tag in (0x00281101, 0x00281102, 0x00281103):
                dataset.add_new(tag, "US", [256, 0, bits])
                dataset.add_new(tag + 0x100, "OW", data)

        film = read_dicom(film_file(indices, bits=8, edit=edit))
        assert np.array_equal(film.pixels, ramp[indices])
        assert film.colourfulness == 0

    def test_a_palette_that_is_missing_is_said(self, film_file, draw_film):
        film = read_dicom(film_file(draw_film(bits=8), bits=8, PhotometricInterpretation="PALETTE COLOR"))
        assert "palette_unusable" in codes(film)

    @pytest.mark.parametrize(
        "tags",
        [{"SamplesPerPixel": 4}, {"PhotometricInterpretation": "HSV"}, {"BitsAllocated": 12}, {"BitsStored": 20}],
    )
    def test_others_are_refused_with_the_reason(self, tags, film_file):
        with pytest.raises(AnalysisError, match=r"stores|allocates") as caught:
            read_dicom(film_file(**tags))
        assert caught.value.code == "unsupported_format"


class TestFile:
    def test_without_preamble_or_meta_information(self, film_file, draw_film):
        whole = film_file()
        dataset = pydicom.dcmread(io.BytesIO(whole))
        files = [whole[132:], b"DICM" + whole[132:]]
        for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian, dataset.file_meta.TransferSyntaxUID):
            stream = io.BytesIO()
            implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
            bare = pydicom.dcmread(io.BytesIO(whole))
            del bare.file_meta
            if not little:
                bare.PixelData = draw_film().astype(">u2").tobytes()
                for name in ("Rows", "Columns"):
                    assert getattr(bare, name)
            pydicom.dcmwrite(stream, bare, implicit_vr=implicit, little_endian=little)
            files.append(stream.getvalue())
        for data in files:
            assert read_header(io.BytesIO(data), "mammography").format == "DICOM"
            assert np.array_equal(read_dicom(data).pixels, draw_film())

    def test_whose_meta_information_names_the_wrong_representation(self, film_file, draw_film, tmp_path):
        plain = film_file()
        (tmp_path / "plain.dcm").write_bytes(plain)
        assert plain.count(b"1.2.840.10008.1.2.1\0") == 1
        wrong = plain.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0")
        assert np.array_equal(read_dicom(wrong).pixels, draw_film())

    def test_with_compressed_pixels_of_another_coding_than_it_names(self, film_file, draw_film):
        def edit(dataset):
            dataset.file_meta.TransferSyntaxUID = RLELossless
            dataset.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(draw_film()))])
            dataset["PixelData"].VR = "OB"

        assert np.array_equal(read_dicom(film_file(edit=edit)).pixels, draw_film())

    def test_in_fragments(self, film_file, draw_film):
        def edit(dataset):
            dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
            coded = bytes(imagecodecs.jpegls_encode(draw_film()))
            dataset.PixelData = encapsulate([coded], fragments_per_frame=5, has_bot=False)
            dataset["PixelData"].VR = "OB"

        assert np.array_equal(read_dicom(film_file(edit=edit)).pixels, draw_film())

    @pytest.mark.parametrize("parts", [1, 3])
    def test_without_a_basic_offset_table(self, parts, film_file, draw_film):
        coded = bytes(imagecodecs.jpegls_encode(draw_film()))

        def edit(dataset):
            dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
            dataset.PixelData = encapsulate([coded], fragments_per_frame=parts, has_bot=False)[8:]
            dataset["PixelData"].VR = "OB"

        assert np.array_equal(read_dicom(film_file(edit=edit)).pixels, draw_film())

    def test_with_zeros_behind_the_codestream(self, film_file, draw_film):
        def edit(dataset):
            dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
            dataset.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(draw_film())) + bytes(999)])
            dataset["PixelData"].VR = "OB"

        assert np.array_equal(read_dicom(film_file(edit=edit)).pixels, draw_film())
