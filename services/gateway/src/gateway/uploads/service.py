"""Receives an upload, checks it, and creates its image and job in one transaction."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from fastapi import Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.audit.service import record
from gateway.auth.dependencies import check_still_allowed
from gateway.cases import repository as cases
from gateway.cases import service as case_service
from gateway.database import SessionFactory, read
from gateway.errors import ProblemError
from gateway.images.identity import Fingerprints
from gateway.images.models import Image
from gateway.jobs.models import Job
from gateway.jobs.queues.quotas import Quota
from gateway.jobs.service import open_job
from gateway.modalities.service import Modalities
from gateway.names.policy import NamePolicy, StoredFile
from gateway.settings import GatewaySettings
from gateway.uploads import apart, checks
from gateway.uploads.file_names import neutral_name
from gateway.uploads.placing import place
from gateway.uploads.receiving import Upload, receive
from gateway.uploads.schemas import ImageOptions, Twin
from gateway.users.models import User
from lobule.contracts.result import Modality
from lobule.imaging.header import DicomIdentity, ImageHeader, read_header
from lobule.storage import ObjectStore


class UploadService:
    """Turns uploads into images with jobs.

    Args:
        sessions: Opens transactions.
        store: The object store.
        fingerprints: Makes fingerprints of patients.
        modalities: The modalities that this server knows.
        settings: Settings; those for the size of files and for quotas are used.
        names: Policy for patients' names in files.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        store: ObjectStore,
        fingerprints: Fingerprints,
        modalities: Modalities,
        settings: GatewaySettings,
        names: NamePolicy,
    ) -> None:
        self._sessions, self._store, self._fingerprints, self._settings = sessions, store, fingerprints, settings
        self._modalities, self._names = modalities, names

    async def submit(
        self,
        request: Request,
        identify: Callable[[dict[str, str]], Awaitable[User]],
        *,
        action: str,
        interactive: bool,
        default_modality: Modality | None = None,
    ) -> tuple[Image, Job]:
        """Receive the upload of a request. It is accepted once this returns.

        Args:
            request: The request, whose body is read here.
            identify: Returns the sender by the text fields, from which it may remove fields.
            action: Name of the action in the audit log.
            interactive: Whether a person waits for it at the portal.
            default_modality: Modality of an upload that names none.

        Raises:
            AnalysisError: If the file's header is refused.
            Duplicate: If the owner has the same bytes as the same modality in this case, or, sent without a case,
                anywhere.
            ProblemError: A bad form, `other_patient`, `image_signed`, `case_claimed` or `case_is_sample` (409),
                `forbidden` (403), `not_found` (404) or `queue_full` (429), or `token_invalid` (401) of a user who lost
                their access meanwhile. Nothing is left.
        """
        token_id: str | None = None

        async def check(fields: dict[str, str]) -> tuple[User, ImageOptions]:
            nonlocal token_id
            user = await identify(fields)
            token = getattr(request.state, "api_token", None)
            token_id = token.id if token else None
            options = await run_in_threadpool(self._check, user, fields, default_modality, token_id)
            return user, options

        (user, options), upload = await receive(request, self._store, self._settings.max_upload_bytes, check)

        def note(session: Session, image: Image, detail: dict[str, Any]) -> None:
            record(session, request, user, action, "image", image.id, detail)

        check_again = partial(check_still_allowed, request, user)
        return await run_in_threadpool(
            self.accept, user, options, upload, note, check_again, interactive=interactive, token_id=token_id
        )

    def accept(
        self,
        user: User,
        options: ImageOptions,
        upload: Upload,
        note: Callable[[Session, Image, dict[str, Any]], None],
        check_again: Callable[[Session], None] | None = None,
        *,
        open_case: Callable[[Session], str] | None = None,
        interactive: bool,
        by_instance: bool = False,
        token_id: str | None = None,
        sample: bool = False,
    ) -> tuple[Image, Job]:
        """Create an image with a job from a received file, in one transaction.

        Args:
            user: The sender. They become the owner, except of an image of a case, which belongs to the case's owner.
            options: The sender's description of the image.
            upload: The received file, which is deleted if it is refused.
            note: Writes to the audit log in the transaction, with details about the image.
            check_again: Refuses a user who has lost their access while the file was received.
            open_case: Opens the case of the image, which is not there if the image is refused; returns its id.
            interactive: Whether a person waits for it at the portal.
            by_instance: Whether another file of the same SOP instance in the case is a duplicate, too.
            token_id: Id of the API token of the request; None for a person.
            sample: Whether it is a film of the sample case.

        Raises:
            AnalysisError, Duplicate, ProblemError: See `submit`.
            OtherFilm: The case has another film of the same SOP instance, if `by_instance`.
        """
        image, stored = self._described(user, options, upload)
        is_committed = False  # perhaps: an error of the commit itself does not tell whether the database has done it
        try:
            with self._sessions.begin() as session:
                if check_again is not None:
                    check_again(session)
                if open_case is not None:
                    image.case_id = open_case(session)
                    options = options.model_copy(update={"case_id": image.case_id})
                # checked again: the case or image may have been removed during the upload
                checks.check_place(session, user, options, sample=sample)
                # an administrator's upload belongs to the case's owner, who has to see it
                if options.case_id is not None:
                    image.owner_id = cases.by_id(session, options.case_id).owner_id
                detail = {
                    "sha256": image.sha256,
                    **place(session, self._store, image, options, user, by_instance=by_instance),
                }
                session.add(image)
                session.flush()  # a second upload of the same bytes at the same moment fails here
                if stored.identity is not None:
                    session.add(stored.identity)
                quota = Quota.of(self._settings, user.id, token_id)
                job = open_job(session, image, options.spec.queue, quota, interactive=interactive)
                session.flush()
                note(session, image, detail)  # after all else is written: its link is made when the session commits
                is_committed = True
        except IntegrityError:
            self._store.delete(upload.folder)
            with self._sessions.begin() as session:
                checks.refuse_duplicate(session, image)
            raise
        except BaseException as error:
            if isinstance(error, ProblemError) and error.code == "other_patient" and user.role == "service":
                quota = Quota.of(self._settings, user.id, token_id)
                self._keep_apart(image, options.spec.queue, stored, upload, note, quota, by_instance=by_instance)
            elif not is_committed:  # a file that no image needs is deleted by retention, one that is missing is lost
                self._store.delete(upload.folder)
            raise
        return image, job

    def _keep_apart(
        self,
        image: Image,
        queue: str,
        stored: StoredFile,
        upload: Upload,
        note: Callable[[Session, Image, dict[str, Any]], None],
        quota: Quota,
        *,
        by_instance: bool,
    ) -> None:
        """Store a refused film of a node apart from the case, because its sender was told that it is stored."""
        is_kept = False
        try:
            with self._sessions.begin() as session:
                differing = apart.keep(session, image, by_instance=by_instance)
                if differing is None:
                    return
                if stored.identity is not None:
                    session.add(stored.identity)
                open_job(session, image, queue, quota, interactive=False)
                note(session, image, {"sha256": image.sha256, "kept_apart": differing})
                case_service.refresh(session, image.case_id or "")
                is_kept = True  # perhaps: see `accept`
        finally:
            if not is_kept:
                self._store.delete(upload.folder)

    def check_quota(self, user: User, token_id: str | None) -> None:
        """Refuse a user, or an API token, with too many waiting analyses.

        Raises:
            ProblemError: `queue_full`, 429.
        """
        read(self._sessions, lambda session: Quota.of(self._settings, user.id, token_id).check(session))

    def also_in(self, user: User, image: Image) -> list[Twin]:
        """The owner's other images with the same bytes and modality, as far as the user may see them."""
        return read(self._sessions, lambda session: checks.also_in(session, user, image))

    def _check(
        self, user: User, fields: dict[str, str], default_modality: Modality | None, token_id: str | None
    ) -> ImageOptions:
        def check(session: Session) -> ImageOptions:
            options = checks.parse_options(session, fields, self._modalities, default_modality)
            checks.check_place(session, user, options)
            Quota.of(self._settings, user.id, token_id).check(session)
            return options

        return read(self._sessions, check)

    def _described(self, user: User, options: ImageOptions, upload: Upload) -> tuple[Image, StoredFile]:
        """The image of an upload, from the uploader's description and the file's header.

        A file is stored without what identifies its patient. If the header is refused, the upload is deleted.
        """
        try:
            with self._store.open(upload.object_key) as stream:
                header = read_header(stream, options.spec)
            if header.dicom is None:
                stored = self._names.remove_metadata(self._store, upload.object_key, header.format)
            else:
                stored = self._names.deidentify(self._store, upload.object_key, "film", header.dicom)
        except BaseException:
            self._store.delete(upload.folder)
            raise
        image = _image(user, options, upload, header, self._fingerprints)
        image.stored_sha256, image.size_bytes = stored.sha256, stored.size_bytes
        return image, stored


def _image(user: User, options: ImageOptions, upload: Upload, header: ImageHeader, fingerprints: Fingerprints) -> Image:
    file = header.dicom or DicomIdentity()
    identity = fingerprints.of(header.dicom)
    return Image(
        id=upload.image_id,
        owner_id=user.id,
        case_id=options.case_id,
        file_name=upload.file_name if header.dicom is None else neutral_name(upload.sha256),
        media_type=header.media_type,
        size_bytes=upload.size_bytes,
        stored_sha256=upload.sha256,
        received_sha256=upload.sha256,
        modality=options.modality,
        width=header.width,
        height=header.height,
        um_per_pixel=options.um_per_pixel,
        magnification=options.magnification,
        view=options.view or (file.view if file.view and options.spec.accepts_view(file.view) else None),
        laterality=options.laterality or (file.laterality if "laterality" in options.spec.attributes else None),
        study_date=options.study_date or identity.study_date,
        file_view=file.view,
        file_laterality=file.laterality,
        object_key=upload.object_key,
        identity=identity,
    )
