"""Pictures that are refused, with the true reason."""

import io

import numpy as np
import pytest
import tifffile
from picture_files import as_tiff, by_hand, saved
from PIL import Image

from lobule.errors import AnalysisError
from lobule.imaging.read_film import read_film
from lobule.imaging.tiff_header import read_tiff


def refusal(data: bytes, read=read_film) -> tuple[str, str]:
    with pytest.raises(AnalysisError) as refused:
        read(data)
    return refused.value.code, refused.value.detail


@pytest.fixture
def deep(draw_film):
    return draw_film(height=131, width=97, bits=16)


class TestRefusedWithTheTrueReason:
    def test_floating_point(self, draw_film):
        assert refusal(as_tiff(draw_film().astype(np.float32)))[0] == "unsupported_format"
        assert "floating-point" in refusal(as_tiff(draw_film().astype(np.float32)))[1]

    def test_32_bits(self, draw_film):
        code, words = refusal(as_tiff(draw_film().astype(np.uint32)))
        assert code == "unsupported_format"
        assert "32 bits" in words

    def test_one_bit(self, draw_film):
        film = Image.fromarray(draw_film(bits=8)).convert("1")
        for kind in ("PNG", "TIFF"):
            code, words = refusal(saved(film, kind))
            assert code == "unsupported_format"
            assert "1 bit" in words

    def test_a_volume(self):
        data = by_hand(b"\0" * 80 * 70, 80, 70, 8, t32997=20)
        code, words = refusal(data)
        assert code == "animated_image"
        assert "20" in words

    @pytest.mark.parametrize("pages", [2, 5])
    def test_several_pages(self, deep, pages):
        code, words = refusal(as_tiff(np.stack([deep] * pages)))
        assert code == "animated_image"
        assert str(pages) in words

    def test_the_copies_in_an_aperio_file_are_no_pages(self, draw_film):
        """The first page is read; a smaller copy of it that is not marked as one, and another page, are not."""
        first, copy = draw_film(height=160, width=120, bits=8), draw_film(height=80, width=60, bits=8)
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as writer:
            writer.write(first, description="Aperio Image Library v11|MPP = 0.4990", tile=(64, 64), metadata=None)
            writer.write(copy, description="Aperio Image Library v11 120x160 -> 60x80", metadata=None)
        layout = read_tiff(io.BytesIO(stream.getvalue()))
        assert (layout.header.width, layout.header.height) == (120, 160)
        other = stream.getvalue().replace(b"Aperio", b"Others")
        with pytest.raises(AnalysisError) as refused:
            read_tiff(io.BytesIO(other))
        assert refused.value.code == "animated_image"

    def test_samples_that_nobody_knows(self, deep):
        assert refusal(as_tiff(np.dstack([deep] * 4), planarconfig="contig"))[0] == "unsupported_format"

    @pytest.mark.parametrize("compression", [6, 34712, 50001, 34887])
    def test_rare_compressions(self, compression):
        code, words = refusal(by_hand(b"\0" * 80 * 70, 80, 70, 8, t259=compression))
        assert code == "unsupported_format"
        assert str(compression) in words

    @pytest.mark.parametrize("photometric", [4, 10, 32803, 34892])
    def test_rare_colours(self, photometric):
        code, words = refusal(by_hand(b"\0" * 80 * 70, 80, 70, 8, t262=photometric))
        assert code == "unsupported_format"
        assert str(photometric) in words

    @pytest.mark.parametrize("name", ["PDF", "GIF", "BMP", "WEBP"])
    def test_other_formats_by_name(self, name):
        data = saved(Image.new("RGB", (80, 80)), name)
        assert name.lower() in refusal(data)[1].lower()

    @pytest.mark.parametrize("share", [0.5, 0.95])
    @pytest.mark.parametrize("compression", [None, "zlib", "lzw", "packbits"])
    def test_a_tiff_that_was_cut_off(self, deep, share, compression):
        data = by_hand(deep.tobytes(), 97, 131, 16)
        stream = io.BytesIO()
        if compression is not None:
            tifffile.imwrite(stream, deep, compression=compression, photometric="minisblack", metadata=None)
            data = stream.getvalue()
        assert refusal(data[: int(len(data) * share)])[0] in ("image_truncated", "image_unreadable")
