"""Uploaded images."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    false,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, composite, mapped_column, object_session

from gateway.clock import now
from gateway.database import Base, new_id
from gateway.modalities import repository as modalities
from lobule.contracts.modality import ModalitySpec
from lobule.contracts.result import Assessment, ImageInfo, Laterality, Magnification, Modality, View
from lobule.modalities import PACKAGED

ConflictOf = Literal["view", "laterality", "study_date"]


@dataclass(frozen=True)
class Conflict:
    """A difference between what a user entered for an image and what its file says."""

    of: ConflictOf
    said: str
    file: str


@dataclass(frozen=True)
class FileIdentity:
    """The patient and study of a DICOM file. An attribute is None if the file lacks it, and for other files.

    A mark is a keyed fingerprint, never the value; see `gateway.images.identity`. What names nobody is kept as it is.
    STOW-RS tells instances apart by theirs, and QIDO-RS and WADO-RS find them by the marks.

    Attributes:
        patient_id_mark: Fingerprint of PatientID.
        patient_name_mark: Fingerprint of PatientName.
        birth_date_mark: Fingerprint of PatientBirthDate.
        study_mark: Fingerprint of StudyInstanceUID.
        series_mark: Fingerprint of SeriesInstanceUID.
        instance_mark: Fingerprint of SOPInstanceUID.
        sop_class: SOPClassUID.
        study_date: StudyDate, if it is plausible.
        accession_mark: Fingerprint of AccessionNumber.
        dicom_modality: Modality, such as `MG`.
        issuer_mark: Fingerprint of IssuerOfPatientID.
    """

    patient_id_mark: str | None = None
    patient_name_mark: str | None = None
    birth_date_mark: str | None = None
    study_mark: str | None = None
    series_mark: str | None = None
    instance_mark: str | None = None
    sop_class: str | None = None
    study_date: date | None = None
    accession_mark: str | None = None
    dicom_modality: str | None = None
    issuer_mark: str | None = None


class Image(Base):
    """One upload. The bytes lie in the object store under `object_key`."""

    __tablename__ = "images"
    # The same bytes are one image of a case, and one outside of cases: two uploads at the same moment end in one.
    __table_args__ = (
        UniqueConstraint("owner_id", "modality", "received_sha256", "case_id"),
        Index("ix_images_patient_id_mark", "patient_id_mark"),
        Index("ix_images_study_mark", "study_mark"),
        Index("ix_images_accession_mark", "accession_mark"),
        Index(
            "uq_images_lone",
            "owner_id",
            "modality",
            "received_sha256",
            unique=True,
            sqlite_where=text("case_id IS NULL"),
            postgresql_where=text("case_id IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(50))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    # of the stored file, which has no names: the version before gives this column to workers, which check files by it
    stored_sha256: Mapped[str] = mapped_column("sha256", String(64), index=True)
    # of the file as it was received; None if the version before wrote the row, and stored the file as it was
    received_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    modality: Mapped[Modality] = mapped_column(String(20))
    width: Mapped[int]
    height: Mapped[int]
    um_per_pixel: Mapped[float | None]
    magnification: Mapped[Magnification | None] = mapped_column(String(5))
    view: Mapped[View | None] = mapped_column(String(5))
    laterality: Mapped[Laterality | None] = mapped_column(String(5))
    # From the file itself. The user's entry, in the columns above, takes precedence; a difference is reported.
    file_view: Mapped[View | None] = mapped_column(String(5))
    file_laterality: Mapped[Laterality | None] = mapped_column(String(5))
    study_date: Mapped[date | None]
    identity: Mapped[FileIdentity] = composite(
        FileIdentity,
        mapped_column("patient_id_mark", String(50), nullable=True),
        mapped_column("patient_name_mark", String(50), nullable=True),
        mapped_column("birth_date_mark", String(50), nullable=True),
        mapped_column("study_mark", String(50), nullable=True),
        mapped_column("series_mark", String(50), nullable=True),
        mapped_column("instance_mark", String(50), nullable=True),
        mapped_column("sop_class", String(64), nullable=True),
        mapped_column("file_study_date", Date, nullable=True),
        mapped_column("accession_mark", String(50), nullable=True),
        mapped_column("dicom_modality", String(16), nullable=True),
        mapped_column("issuer_mark", String(50), nullable=True),
    )
    # part of a signed version, so it cannot be deleted
    signed: Mapped[bool] = mapped_column(default=False, server_default=false())
    # names another patient than its case's files: it counts for nothing there until somebody decides where it belongs
    apart: Mapped[bool] = mapped_column(default=False, server_default=false())
    # not only as a prior of a later examination
    signed_as_current: Mapped[bool] = mapped_column(default=False, server_default=false())
    # what its analysis said then; None if it had failed
    signed_assessment: Mapped[Assessment | None] = mapped_column(String(30))
    object_key: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)

    @property
    def sha256(self) -> str:
        """Of the file as it was received, by which duplicates are found."""
        return self.received_sha256 or self.stored_sha256

    @classmethod
    def has_sha256(cls, sha256: str) -> ColumnElement[bool]:
        """The condition that an image has this `sha256`, which the indexes of both columns serve."""
        old = and_(cls.received_sha256.is_(None), cls.stored_sha256 == sha256)
        return or_(cls.received_sha256 == sha256, old)

    @property
    def spec(self) -> ModalitySpec:
        """The specification of its modality; a neutral one where the modality is no longer known."""
        session = object_session(self)
        known = PACKAGED if session is None else modalities.known(session)
        return known.get(self.modality) or modalities.neutral(self.modality)

    @property
    def conflicts(self) -> list[Conflict]:
        """Attributes for which the user's entry and the file differ."""
        pairs: tuple[tuple[ConflictOf, object, object], ...] = (
            ("view", self.view, self.file_view),
            ("laterality", self.laterality, self.file_laterality),
            ("study_date", self.study_date, self.identity.study_date if self.identity else None),
        )
        return [Conflict(of, str(said), str(file)) for of, said, file in pairs if said and file and said != file]

    def info(self) -> ImageInfo:
        """The description of this image for workers, with the hash of the file that they read."""
        return ImageInfo(
            sha256=self.stored_sha256,
            file_name=self.file_name,
            modality=self.modality,
            width=self.width,
            height=self.height,
            um_per_pixel=self.um_per_pixel,
            magnification=self.magnification,
            view=self.view,
            laterality=self.laterality,
        )


class PatientMerge(Base):
    """What a program told of two identifiers of patients: that one has replaced the other, or that it has not.

    Of two identifiers, what happened last holds; see `gateway.images.merging`. Only a purge changes a row.
    """

    __tablename__ = "patient_merges"
    __table_args__ = (
        UniqueConstraint("owner_id", "message_id", "former_mark", "present_mark"),
        Index("ix_patient_merges_former_mark", "former_mark"),
        Index("ix_patient_merges_present_mark", "present_mark"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))  # who told it; it counts for files of this account
    message_id: Mapped[str] = mapped_column(String(200))
    issuer_mark: Mapped[str | None] = mapped_column(String(50))  # fingerprint of the assigning authority of both
    former_mark: Mapped[str] = mapped_column(String(50))
    present_mark: Mapped[str] = mapped_column(String(50))
    undone: Mapped[bool] = mapped_column(default=False)  # whether the two are of different patients
    told_at: Mapped[datetime]  # when it happened in the hospital
    received_at: Mapped[datetime] = mapped_column(default=now)
    sealed: Mapped[str | None] = mapped_column(Text)  # the present identifier, encrypted; None if names are not kept
