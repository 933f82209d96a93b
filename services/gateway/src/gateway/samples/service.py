"""Opens and deletes a user's sample case."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases.models import Case
from gateway.cases.opening import find_or_open
from gateway.clock import now
from gateway.database import SessionFactory, new_id, read
from gateway.deletion import service as deletion
from gateway.errors import not_found
from gateway.images import repository as images
from gateway.uploads.checks import Duplicate
from gateway.uploads.receiving import Upload
from gateway.uploads.schemas import ImageOptions
from gateway.uploads.service import UploadService
from gateway.users.models import User
from lobule import layout
from lobule.contracts.language import Language
from lobule.contracts.result import Laterality, StandardView
from lobule.modalities import MAMMOGRAPHY
from lobule.storage import ObjectStore
from lobule.words import Words

_FILMS = Path(__file__).parent / "films"
_VIEWS: tuple[tuple[Laterality, StandardView], ...] = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
Note = Callable[[Session, str], None]


def open_sample(
    sessions: SessionFactory,
    store: ObjectStore,
    uploads: UploadService,
    user: User,
    language: Language,
    note: Note,
    token_id: str | None,
) -> str:
    """Open the sample case of a user, whose films are analysed like any; returns its id.

    One that is there stays; what it lacks of the films, as after an opening that broke off, is added.

    Args:
        sessions: Opens transactions.
        store: The object store.
        uploads: Creates images from the films.
        user: The user, who becomes the owner of the case.
        language: Language of the case's name.
        note: Writes to the audit log.
        token_id: Id of the API token of the request; None for a person.

    Raises:
        ProblemError: `queue_full`, 429, if films cannot be analysed yet.
    """

    def known(session: Session) -> tuple[str | None, set[str]]:
        case = cases.sample_of(session, user.id)
        return (case.id, {image.file_name for image in images.of_case(session, case.id)}) if case else (None, set())

    def find(session: Session) -> str | None:
        case = cases.sample_of(session, user.id)
        return case.id if case else None

    def make(session: Session) -> Case:
        case = Case(owner_id=user.id, pseudonym=Words(language)("worklist.sample.name"), sample=True)
        session.add(case)
        session.flush()
        note(session, case.id)
        return case

    case_id, names = read(sessions, known)
    for side, view in _VIEWS:
        if _name(side, view) in names:
            continue
        open_case = None if case_id else partial(find_or_open, user_id=user.id, find=find, make=make)
        with suppress(Duplicate):  # added meanwhile by another request
            _add(store, uploads, user, case_id, open_case, (side, view), token_id)
        case_id = case_id or read(sessions, find)
    assert case_id is not None
    return case_id


def _name(side: Laterality, view: StandardView) -> str:
    return f"sample-{side}{view}.jpg"


def _add(
    store: ObjectStore,
    uploads: UploadService,
    user: User,
    case_id: str | None,
    open_case: Callable[[Session], str] | None,
    film: tuple[Laterality, StandardView],
    token_id: str | None,
) -> None:
    (side, view), image_id = film, new_id()
    name = _name(side, view)
    content = (_FILMS / name).read_bytes()
    key = layout.upload_key(layout.image_folder(image_id))
    store.put(key, content)
    today: date = now().date()
    options = ImageOptions(
        modality=MAMMOGRAPHY.name, spec=MAMMOGRAPHY, case_id=case_id, view=view, laterality=side, study_date=today
    )
    upload = Upload(image_id, key, name, len(content), hashlib.sha256(content).hexdigest())
    uploads.accept(
        user, options, upload, _silently, open_case=open_case, interactive=True, token_id=token_id, sample=True
    )


def _silently(_session: Session, _image: Any, _detail: dict[str, Any]) -> None:
    """The opening of the case is noted, not each of its films."""


def delete_sample(session: Session, store: ObjectStore, user: User) -> str:
    """Delete the sample case of a user with all of it; returns its id.

    Raises:
        ProblemError: `not_found`, 404, or `case_claimed`, 409.
    """
    case = cases.sample_of(session, user.id)
    if case is None:
        raise not_found("case")
    case_id = case.id
    deletion.delete_case(session, store, case, user)
    return case_id
