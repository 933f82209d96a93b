"""Lossless JPEG and JPEG-LS for pydicom, decoded by imagecodecs (libjpeg-turbo, CharLS).

pydicom's other ways to them are GDCM, whose wheel brings an OpenSSL that is maintained no longer and 20 MB, and libjpeg
under the GPL.
"""

import imagecodecs
import numpy as np
from pydicom.pixels.decoders.base import (
    DecodeRunner,
    JPEGLosslessDecoder,
    JPEGLosslessSV1Decoder,
    JPEGLSLosslessDecoder,
    JPEGLSNearLosslessDecoder,
)
from pydicom.uid import JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless

DECODER_DEPENDENCIES = {
    syntax: ("imagecodecs",) for syntax in (JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless)
}


def is_available(uid: str) -> bool:
    """Whether pydicom may call us for a transfer syntax."""
    return uid in DECODER_DEPENDENCIES


def decode_frame(source: bytes, runner: DecodeRunner) -> bytes:
    """Decode one frame; pydicom's decoders call this.

    Args:
        source: The frame as it stands in the file.
        runner: What the file says of it; told how samples lie in the answer.
    """
    lossless_jpeg = runner.transfer_syntax in (JPEGLossless, JPEGLosslessSV1)
    samples = imagecodecs.jpeg8_decode(source) if lossless_jpeg else imagecodecs.jpegls_decode(source)
    samples = np.asarray(samples)
    runner.set_option("planar_configuration", 0)
    runner.set_option("bits_allocated", 8 * samples.dtype.itemsize)
    return samples.tobytes()


def register() -> None:
    """Tell pydicom of this module, once."""
    for decoder in (
        JPEGLosslessDecoder,
        JPEGLosslessSV1Decoder,
        JPEGLSLosslessDecoder,
        JPEGLSNearLosslessDecoder,
    ):
        if "lobule" not in decoder.available_plugins:
            decoder.add_plugin("lobule", (__name__, decode_frame.__name__))
