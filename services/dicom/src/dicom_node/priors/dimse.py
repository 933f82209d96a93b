"""Finds and fetches priors by C-FIND and C-GET, or C-MOVE where an archive has no C-GET (DICOM PS3.4, annex C)."""

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.presentation import build_role

from dicom_node.peers import Place
from dicom_node.priors.choosing import FoundStudy, PriorCriteria
from dicom_node.priors.peers import MOST_FILMS, MOST_STUDIES, FoundFilm, PeerError
from dicom_node.receiving.awaited import AwaitedFilms
from dicom_node.receiving.bounds import MAX_PDU_BYTES
from dicom_node.receiving.rules import FILM_CLASSES, TRANSFER_SYNTAXES
from dicom_node.sending.associations import our_entity, why_not_established
from dicom_node.settings import NodeSettings, is_called_over_tls
from lobule.imaging.dicom.file import ENCAPSULATED

_ROOT = "1.2.840.10008.5.1.4.1.2.2."
_FIND, _MOVE, _GET = f"{_ROOT}1", f"{_ROOT}2", f"{_ROOT}3"
_NO_GET = frozenset({"not_offered", "not_connected", "rejected"})
"""An archive may refuse an association that asks for nothing but GET."""
_LATE_S = 5.0
"""How long a film may come after the archive has said that it was sent."""
_PENDING, _SUCCESS = (0xFF00, 0xFF01), 0x0000


class DimsePeer:
    """A PACS.

    Args:
        place: Address of the PACS.
        settings: The node's settings.
        awaited: Objects that the node's Storage SCP receives by C-MOVE.
    """

    def __init__(self, place: Place, settings: NodeSettings, awaited: AwaitedFilms) -> None:
        self._place, self._settings, self._awaited, self._moves = place, settings, awaited, False
        self.name = f"{place.ae_title}@{place.host}:{place.port}"
        self.is_plain = not is_called_over_tls(settings, place.ae_title)

    def studies(self, criteria: PriorCriteria) -> Sequence[FoundStudy]:
        """See `Peer`."""
        keys = {
            "StudyInstanceUID": "",
            "PatientID": criteria.patient_id,
            "PatientBirthDate": "",
            "StudyDate": criteria.days,
            "ModalitiesInStudy": "MG",
        }
        return [_study(each) for each in self._find("STUDY", keys, MOST_STUDIES)]

    def films(self, study_uid: str) -> Sequence[FoundFilm]:
        """See `Peer`."""
        keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": "", "Modality": "MG"}
        series = [_text(each, "SeriesInstanceUID") for each in self._find("SERIES", keys, MOST_FILMS, cut=True)]
        found: list[FoundFilm] = []
        for uid in series:
            keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": uid, "SOPInstanceUID": "", "SOPClassUID": ""}
            images = self._find("IMAGE", keys, MOST_FILMS, cut=True)
            found += [FoundFilm(uid, _text(each, "SOPInstanceUID"), _text(each, "SOPClassUID")) for each in images]
            if len(found) >= MOST_FILMS:
                break
        return found[:MOST_FILMS]

    def fetch(self, study_uid: str, film: FoundFilm, path: Path) -> None:
        """See `Peer`. An archive that was found to have no C-GET is asked to send the film to our Storage SCP."""
        keys = {
            "StudyInstanceUID": study_uid,
            "SeriesInstanceUID": film.series_uid,
            "SOPInstanceUID": film.sop_instance_uid,
        }
        query = _query("IMAGE", keys)
        if not self._moves:
            try:
                self._get_in_any_syntax(query, film, path)
            except PeerError as error:
                if error.problem not in _NO_GET:
                    raise
            else:
                return
        self._move(query, film, path)
        self._moves = True

    def _move(self, query: Dataset, film: FoundFilm, path: Path) -> None:
        awaiting = self._awaited.awaiting(self._place.ae_title, film.sop_instance_uid, path)
        with awaiting as came, self._associated(_MOVE) as association:
            for status, _ in association.send_c_move(query, self._settings.dicom_ae_title, _MOVE):
                if status.get("Status") not in (*_PENDING, _SUCCESS):
                    raise PeerError(_code("move", status))
            if not came.wait(_LATE_S):
                raise PeerError("move_without_film")

    def _get_in_any_syntax(self, query: Dataset, film: FoundFilm, path: Path) -> None:
        """Get a film, and again as a compressed one if the archive did not send it.

        Some archives send in the first context that they accepted, whatever the film is stored in.
        """
        try:
            self._get(query, film, path, TRANSFER_SYNTAXES)
        except PeerError as error:
            if not error.problem.startswith("get_"):
                raise
            self._get(query, film, path, [*ENCAPSULATED])

    def _get(self, query: Dataset, film: FoundFilm, path: Path, syntaxes: Sequence[str]) -> None:
        taken: list[str] = []

        def take(event: Event) -> int:
            if event.dataset_path is None or taken:
                return 0xA900
            event.dataset_path.rename(path)
            taken.append(film.sop_instance_uid)
            return _SUCCESS

        stored = {film.sop_class_uid} if film.sop_class_uid else FILM_CLASSES
        with self._associated(_GET, stored, syntaxes, [(evt.EVT_C_STORE, take)]) as association:
            for status, _ in association.send_c_get(query, _GET):
                if status.get("Status") not in (*_PENDING, _SUCCESS):
                    raise PeerError(_code("get", status))
        if not taken:
            raise PeerError("get_without_film")

    def _find(self, level: str, keys: Mapping[str, str], most: int, *, cut: bool = False) -> list[Dataset]:
        """Ask for what has these keys; where it is more than `most`, the first of them (`cut`), or `PeerError`."""
        found: list[Dataset] = []
        with self._associated(_FIND) as association:
            for status, match in association.send_c_find(_query(level, keys), _FIND):
                if status.get("Status") not in (*_PENDING, _SUCCESS):
                    raise PeerError(_code("find", status))
                if match is not None:
                    found.append(match)
                if len(found) > most:
                    association.abort()
                    if cut:
                        break
                    raise PeerError("find_too_many")
        return found[:most]

    @contextmanager
    def _associated(
        self,
        model: str,
        stored: Set[str] = frozenset(),
        syntaxes: Sequence[str] = (),
        handlers: Sequence[EventHandlerType] = (),
    ) -> Iterator[Association]:
        """Open an association for a model of query and retrieval.

        Each transfer syntax of a stored class has a context of its own: an archive accepts one of a context, and an
        archive that converts nothing could not send a film that it holds in another one.
        """
        entity = our_entity(self._settings)
        entity.add_requested_context(model)
        for sop_class in sorted(stored):
            for syntax in syntaxes:
                entity.add_requested_context(sop_class, syntax)
        roles = [build_role(sop_class, scp_role=True) for sop_class in sorted(stored)]
        association = entity.associate(
            self._place.host,
            self._place.port,
            ae_title=self._place.ae_title,
            ext_neg=list(roles),
            max_pdu=MAX_PDU_BYTES,
            evt_handlers=list(handlers),
        )
        if not association.is_established:
            raise PeerError(why_not_established(association))
        try:
            yield association
        except ValueError:  # the model was not accepted
            raise PeerError("not_offered") from None
        finally:
            if association.is_established:
                association.release()


def _query(level: str, keys: Mapping[str, str]) -> Dataset:
    query = Dataset()
    query.QueryRetrieveLevel = level
    for name, value in keys.items():
        setattr(query, name, value)
    return query


def _study(match: Dataset) -> FoundStudy:
    return FoundStudy(
        study_uid=_text(match, "StudyInstanceUID"),
        patient_id=_text(match, "PatientID"),
        birth_date=_text(match, "PatientBirthDate"),
        study_date=day(_text(match, "StudyDate")),
        modalities=frozenset(each for each in _text(match, "ModalitiesInStudy").split("\\") if each),
    )


def _text(match: Dataset, keyword: str) -> str:
    with suppress(Exception):  # pydicom raises whatever a converter raises
        value = match.get(keyword)
        if value is not None and not isinstance(value, str) and hasattr(value, "__iter__"):
            return "\\".join(str(each) for each in value)
        return str(value or "").strip()
    return ""


def day(text: str) -> date | None:
    """A day as DICOM writes it; None for anything else."""
    with suppress(ValueError):
        return datetime.strptime(text, "%Y%m%d").date()
    return None


def _code(what: str, status: Dataset) -> str:
    return f"{what}_{status.Status:04X}" if "Status" in status else f"{what}_no_answer"
