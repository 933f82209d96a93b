"""Whether the films of an examination name one patient."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from lobule.errors import AnalysisError
from lobule.imaging.header import DicomIdentity, read_header

_Person = tuple[str, ...]


def of_other_patients(files: Sequence[Path]) -> set[Path]:
    """The files that name another patient than most of them do, or than the first, if there is no most.

    Two files name different patients if both state an identifier, its issuer or a date of birth that differs; names
    count if one of them has no identifier. Files that state none of these, such as pictures, name nobody.

    Args:
        files: Films of an examination. Those that cannot be read count as naming nobody.
    """
    persons = {file: person for file in files if any(person := _person(file))}
    if not persons:
        return set()
    usual = max(persons.values(), key=lambda person: sum(not _differ(person, other) for other in persons.values()))
    return {file for file, person in persons.items() if _differ(person, usual)}


def _person(file: Path) -> _Person:
    """Identifier, issuer, date of birth and name; empty where the file does not state them."""
    identity: DicomIdentity | None = None
    with suppress(AnalysisError, OSError):
        identity = read_header(file, "mammography").dicom
    if identity is None:
        return ("",) * 4
    born = identity.patient_birth_date
    stated = (identity.patient_id, identity.patient_id_issuer, born and born.isoformat(), identity.patient_name)
    return tuple(" ".join((each or "").replace("^", " ").casefold().split()) for each in stated)


def _differ(one: _Person, other: _Person) -> bool:
    both_identified = bool(one[0] and other[0])
    compared: Collection[int] = range(3) if both_identified else range(1, 4)
    return any(one[place] and other[place] and one[place] != other[place] for place in compared)
