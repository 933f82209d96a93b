"""Identities that were taken out of stored DICOM files."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.database import Base


class KeptIdentity(Base):
    """What a stored DICOM file had in the place of its new values, encrypted; see `gateway.names.cipher`.

    It belongs to an image or to a result, and is deleted with it.
    """

    __tablename__ = "kept_identities"
    __table_args__ = (
        Index("ix_kept_identities_image_id", "image_id"),
        Index("ix_kept_identities_instance_id", "instance_id"),
    )

    object_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    image_id: Mapped[str | None] = mapped_column(ForeignKey("images.id", ondelete="CASCADE"))
    instance_id: Mapped[str | None] = mapped_column(ForeignKey("result_instances.id", ondelete="CASCADE"))
    sealed: Mapped[str] = mapped_column(Text)
