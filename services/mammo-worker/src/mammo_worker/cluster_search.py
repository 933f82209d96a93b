"""What the pipeline expects of a search for clusters of calcifications."""

from typing import Protocol

from lobule.contracts.result import Finding, ModelInfo
from lobule.imaging.film import Film
from mammo_worker.films.hanging import HungFilm


class ClusterSearch(Protocol):
    """A search for clusters of calcifications; see `mammo_worker.calcifications.search`."""

    @property
    def model(self) -> ModelInfo:
        """The model of the search."""
        ...

    def warm_up(self) -> None:
        """Trace the network, so that the first film does not have to wait."""
        ...

    def can_search(self, film: Film) -> bool:
        """Whether the spacing of a film is known, fine enough, and fits its size."""
        ...

    def __call__(self, film: Film, hung: HungFilm) -> list[Finding]:
        """The clusters of a film that can be searched, in pixels of its file."""
        ...
