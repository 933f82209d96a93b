"""Mammography: films of the breast, two screening views of each side."""

from typing import get_args

from lobule.contracts.modality import Holds, Look, ModalitySpec, Views
from lobule.contracts.result import MammographyView, StandardView

MAMMOGRAPHY = ModalitySpec(
    name="mammography",
    queue="mammo",
    titles={"en": "Mammography", "zh": "乳腺X线"},
    formats=("PNG", "JPEG", "TIFF", "DICOM"),
    evidence="film",
    attributes=("view", "laterality", "study_date"),
    views=Views(codes=get_args(MammographyView), offered=get_args(StandardView), screening=get_args(StandardView)),
    read_together=True,
    reads_regions=True,
    holds=Holds(findings=("benign", "malignant", "mass", "calcification"), outlines=True, heat_map=True),
    look=Look(colours="grey", windowed=True, file_names=r"(?:^|[^a-z])[lr]?[-_ ]?(?:cc|mlo)(?:[^a-z]|$)|mammo|^mdb\d"),
    limits=("views", "signs", "clinic", "size"),
    limits_of_case=("signs", "size"),
)
