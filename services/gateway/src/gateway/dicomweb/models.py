"""DICOM objects that were made of cases."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.clock import now
from gateway.database import Base, new_id


class ResultInstance(Base):
    """A DICOM object that was made of a case, as the DICOM node handed it over.

    The bytes lie in the object store under `object_key`. As of films, the row holds keyed fingerprints alone of what
    names the patient or the study; see `gateway.images.identity`.
    """

    __tablename__ = "result_instances"
    __table_args__ = (
        UniqueConstraint("case_id", "instance_mark"),
        Index("ix_result_instances_study_mark", "study_mark"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    patient_id_mark: Mapped[str | None] = mapped_column(String(50))
    accession_mark: Mapped[str | None] = mapped_column(String(50))
    study_mark: Mapped[str] = mapped_column(String(50))
    series_mark: Mapped[str] = mapped_column(String(50))
    instance_mark: Mapped[str] = mapped_column(String(50))
    sop_class: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(16))
    study_date: Mapped[date | None]
    object_key: Mapped[str] = mapped_column(String(200))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    # of the object as it was received; None if the version before stored it
    received_sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
