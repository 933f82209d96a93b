"""Reads the object store of a gateway under test."""

from pathlib import Path

from fastapi import FastAPI


def stored_files(app: FastAPI) -> list[Path]:
    """The files of its object store."""
    return [path for path in Path(app.state.store.inner.root).rglob("*") if path.is_file()]
