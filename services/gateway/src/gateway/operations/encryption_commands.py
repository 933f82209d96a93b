"""`lobule encryption …`: encrypts the objects that are not yet, and changes the master key."""

from collections.abc import Iterator
from contextlib import suppress

import typer

from gateway.command_line import fail, note
from gateway.settings import get_settings
from lobule import layout
from lobule.cli.common import words
from lobule.storage import ObjectNotFoundError, open_configured_store
from lobule.storage.encrypted import EncryptedStore, is_encrypted

app = typer.Typer(no_args_is_help=True, help="Encrypt stored objects, and change the master key.")
_PIECE = 1024 * 1024


def _store() -> EncryptedStore:
    store = open_configured_store(get_settings())
    if not isinstance(store, EncryptedStore):
        raise fail(words()("cli.encryption.off"))
    return store


def _plain(store: EncryptedStore) -> Iterator[str]:
    """The keys of objects that are not encrypted."""
    for owner in layout.OWNERS:
        for entry in list(store.inner.entries(owner)):
            try:
                if not is_encrypted(store.inner, entry.key):
                    yield entry.key
            except ObjectNotFoundError:  # deleted meanwhile
                continue


@app.command()
def status() -> None:
    """Say how many objects are not encrypted; exit status 1 where there are any."""
    count = sum(1 for _ in _plain(_store()))
    typer.echo(words()("cli.encryption.status", count=count))
    raise typer.Exit(1 if count else 0)


@app.command()
def apply() -> None:
    """Encrypt the objects that are not encrypted yet; services may run meanwhile."""
    store, count = _store(), 0
    for key in _plain(store):
        with suppress(ObjectNotFoundError):  # deleted meanwhile
            with store.inner.open(key) as source, store.writer(key) as target:
                while piece := source.read(_PIECE):
                    target.write(piece)
            count += 1
    note(get_settings(), "encryption.apply", objects=count)
    typer.echo(words()("cli.encryption.applied", count=count))


@app.command()
def rotate() -> None:
    """Wrap all data keys by the new master key; exit status 1 where some are of neither key."""
    done, failed = _store().keys.wrap_anew()
    note(get_settings(), "encryption.rotate", keys=done, failed=failed)
    typer.echo(words()("cli.encryption.rotated", count=done, failed=failed))
    raise typer.Exit(1 if failed else 0)
