"""`lobule encryption …`: encrypts the objects that are not yet, and changes the master key."""

from collections.abc import Iterator
from contextlib import suppress

import typer

from gateway.audit.service import record_command
from gateway.command_line import commands, fail, settings_at
from gateway.settings import GatewaySettings
from lobule import layout
from lobule.cli.common import DEFAULT_HOME, HomeFolder, words
from lobule.storage import ObjectNotFoundError, open_configured_store
from lobule.storage.encrypted import EncryptedStore, is_encrypted

app = commands("Encrypt stored objects, and change the master key.")
_PIECE = 1024 * 1024


def _store(settings: GatewaySettings) -> EncryptedStore:
    store = open_configured_store(settings)
    if not isinstance(store, EncryptedStore):
        raise fail(words()("cli.encryption.off"))
    return store


def _plain(store: EncryptedStore) -> Iterator[str]:
    """The keys of objects that are not encrypted."""
    for owner in layout.OWNERS:
        for entry in store.inner.entries(owner):
            try:
                if not is_encrypted(store.inner, entry.key):
                    yield entry.key
            except ObjectNotFoundError:  # deleted meanwhile
                continue


@app.command()
def status(home: HomeFolder = DEFAULT_HOME) -> None:
    """Print the number of objects that are not encrypted. The exit status is 1 if there are any."""
    count = sum(1 for _ in _plain(_store(settings_at(home))))
    typer.echo(words()("cli.encryption.status", count=count))
    raise typer.Exit(1 if count else 0)


@app.command()
def apply(home: HomeFolder = DEFAULT_HOME) -> None:
    """Encrypt the objects that are not encrypted yet. Services may run meanwhile."""
    settings = settings_at(home)
    store, count = _store(settings), 0
    for key in _plain(store):
        with suppress(ObjectNotFoundError):  # deleted meanwhile
            with store.inner.open(key) as source, store.writer(key) as target:
                while piece := source.read(_PIECE):
                    target.write(piece)
            count += 1
    record_command(settings, "encryption.apply", objects=count)
    typer.echo(words()("cli.encryption.applied", count=count))


@app.command()
def rotate(home: HomeFolder = DEFAULT_HOME) -> None:
    """Encrypt all data keys with the new master key. The exit status is 1 if neither master key fits some of them."""
    settings = settings_at(home)
    done, failed = _store(settings).keys.wrap_anew()
    record_command(settings, "encryption.rotate", keys=done, failed=failed)
    typer.echo(words()("cli.encryption.rotated", count=done, failed=failed))
    raise typer.Exit(1 if failed else 0)
