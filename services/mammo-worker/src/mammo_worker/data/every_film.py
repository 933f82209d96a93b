"""All films of all available data sets, for checks without truth."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo_worker.data.annotated import read_grey
from mammo_worker.data.readers.cbis_ddsm import cbis_ddsm


def every_film(data: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield names and pixels of all films of all data sets, CBIS-DDSM's with their true aspect.

    Args:
        data: Folder of the data sets.
    """
    for film in cbis_ddsm(data / "cbis_ddsm_mass"):
        yield film.name, film.read()
    for folder in ("cdd_cesm", "mias", "cbis_ddsm_mass/fullres_sample"):
        for path in sorted((data / folder).rglob("*.jpg")):
            if "mask" not in path.parts[-2] and not path.stem.endswith("_1_0"):  # the full-size film's mask
                yield path.name, read_grey(path)
