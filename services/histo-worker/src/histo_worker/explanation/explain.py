"""Draws what a network saw in one field: both class activation maps, and the maps of its first layer."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from histo_worker.explanation.grad_cam import feature_map_sheet, first_convolution, grad_cam, last_maps
from histo_worker.explanation.stitch import smooth, stitch
from histo_worker.field_reader import FieldReader
from histo_worker.gate.gate import InputGate
from histo_worker.network import build_network
from histo_worker.preprocessing.windows import resize_area
from lobule.contracts.result import Magnification
from lobule.imaging.decode import RGB8, decode_rgb, encode_png
from lobule.model_package import open_package
from lobule_ml.packages import building

Float = NDArray[np.float32]


def explain(package: Path, data: bytes, folder: Path, magnification: Magnification | None = None) -> list[Path]:
    """Write `cam.png`, `grad_cam.png` and `first_layer.png`.

    The first is the exact map of evidence (the thesis' method) around zero: red is evidence for malignancy, blue
    against it. The second is Grad-CAM on the maps that the head reads, which shows only evidence for malignancy. The
    third contains the maps of the first convolution for the patch with the highest logit (the thesis' figure 44).

    Args:
        package: Folder of the model package.
        data: The field's file.
        folder: Folder, created if necessary.
        magnification: Magnification of the field; if unknown, the field is read at the first measured one.

    Raises:
        AnalysisError: The package or the field cannot be used.
    """
    opened = open_package(package, "histopathology")
    with building(opened):
        reader = FieldReader.from_manifest(opened.manifest.input.values())
        net = build_network(opened.manifest.architecture, opened.weights)
    field = decode_rgb(data, "histopathology")
    InputGate.load().check(field)
    reading = reader.read(field, magnification)[0]
    windows, scale = reading.windows, reading.scale
    height, width = field.shape[:2]
    read_at = (round(height * scale), round(width * scale))
    pixels = reader.prepare(reading.patches)
    outputs = net(pixels, training=False)
    evidence = np.asarray(outputs["evidence"])
    cell = windows[0].side / evidence.shape[1]

    def laid_over(maps: Float, signed: bool) -> bytes:
        stitched = smooth(stitch(reading.upright(maps), windows, *read_at), cell)
        return encode_png(_overlay(resize_area(field, *read_at), stitched, signed=signed))

    strongest = pixels[int(np.asarray(outputs["logit"]).argmax())]
    pictures = {
        "cam.png": laid_over(evidence, signed=True),
        "grad_cam.png": laid_over(grad_cam(net, last_maps(net), pixels), signed=False),
        "first_layer.png": encode_png(feature_map_sheet(*first_convolution(net), strongest)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (folder / name).write_bytes(picture)
    return [folder / name for name in pictures]


def _overlay(field: RGB8, values: Float, *, signed: bool) -> RGB8:
    """Draw the map in colour over the field in grey; the zero of a signed map is in the middle of the colours."""
    bound = max(float(np.abs(values).max()), 1e-6)
    share = values / bound * 0.5 + 0.5 if signed else values / bound
    colours = cv2.applyColorMap((np.clip(share, 0, 1) * 255).astype(np.uint8), cv2.COLORMAP_TURBO)[:, :, ::-1]
    grey = cv2.cvtColor(cv2.cvtColor(field, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(grey, 0.55, np.ascontiguousarray(colours), 0.45, 0).astype(np.uint8)
