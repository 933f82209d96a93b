"""A gateway refuses each hostile file with a message, soon, and with little memory."""

import memory_limits
from hostile_files import DICOMS, PICTURES, deflated_bomb

SLOW_TO_MAKE = {"DICOM whose JPEG 2000 is larger than its tags", "DICOM with a text of 150 MB"}


def test_the_gateway_neither_decodes_nor_inflates(tmp_path):
    uploads = {name: make for name, (make, _) in PICTURES.items()}
    uploads |= {name: make for name, make in DICOMS.items() if name not in SLOW_TO_MAKE}
    uploads["DICOM, deflated, inflates to 700 MB"] = lambda: deflated_bomb(300)
    with memory_limits.gateway_alone(tmp_path) as (client, process):
        measured = list(memory_limits.growth(client, process, tmp_path, uploads.items()))
    assert len(measured) == len(uploads)
    for name, _, grown, seconds, answer in measured:
        assert answer == "202" or answer.startswith(("image_", "unsupported_", "animated_", "too_many_")), name
        assert grown < 150, name
        assert seconds < 20, name
