"""Histopathology: fields of sections stained with haematoxylin and eosin."""

from typing import get_args

from lobule.contracts.modality import Holds, Look, Magnification, ModalitySpec

HISTOPATHOLOGY = ModalitySpec(
    name="histopathology",
    queue="histo",
    titles={"en": "Histopathology", "zh": "组织病理"},
    formats=("PNG", "JPEG", "TIFF"),
    evidence="tissue",
    attributes=("um_per_pixel", "magnification"),
    magnifications=get_args(Magnification),
    in_examinations=False,
    holds=Holds(heat_map=True),
    look=Look(colours="colour", file_names=r"^sob_|histo|biops|h&e|(?:^|[-_ ])(?:40|100|200|400)x"),
    limits=("slide", "type", "clinic"),
    limits_of_case=("slide", "type"),
)
