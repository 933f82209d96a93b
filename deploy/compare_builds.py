"""Builds an image twice from nothing, and compares the files of both: the same sources give the same image.

python deploy/compare_builds.py ENGINE TARGET ...

ENGINE is `docker` or `podman`. Prints for each target how many files there are and which differ; exits with 1 where one
does.
"""

import hashlib
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager

_Entry = tuple[str, int, int, str]


def build(engine: str, target: str, name: str) -> None:
    """Build a target from nothing."""
    subprocess.run([engine, "build", "--quiet", "--no-cache", "--target", target, "--tag", name, "."], check=True)


@contextmanager
def container_of(engine: str, image: str) -> Iterator[str]:
    """A container that is never started."""
    made = subprocess.run([engine, "create", image, "true"], check=True, capture_output=True, text=True)
    try:
        yield made.stdout.strip()
    finally:
        subprocess.run([engine, "rm", made.stdout.strip()], check=True, stdout=subprocess.DEVNULL)


def files_of(engine: str, image: str) -> dict[str, _Entry]:
    """Link, mode, owner and SHA-256 of the content of each entry of an image's file system, by path."""
    found: dict[str, _Entry] = {}
    with container_of(engine, image) as container:
        process = subprocess.Popen([engine, "export", container], stdout=subprocess.PIPE)
        with process, tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for entry in archive:
                stream = archive.extractfile(entry) if entry.isreg() else None
                content = "" if stream is None else hashlib.sha256(stream.read()).hexdigest()
                found[entry.name] = (entry.linkname, entry.mode, entry.uid, content)
        if process.returncode:
            raise SystemExit(f"{engine} export ended with {process.returncode}")
    return found


def differing(first: dict[str, _Entry], second: dict[str, _Entry]) -> list[str]:
    """Paths that one of them lacks, or that are not the same in both."""
    return sorted(path for path in first.keys() | second.keys() if first.get(path) != second.get(path))


def main(engine: str, targets: list[str]) -> int:
    """Compare the targets; the exit code."""
    failed = 0
    for target in targets:
        names = [f"localhost/lobule-compared/{target}:{which}" for which in ("first", "second")]
        for name in names:
            build(engine, target, name)
        first, second = (files_of(engine, name) for name in names)
        differ = differing(first, second)
        print(f"{target}: {len(first)} files, {len(differ)} differ", *differ[:20], sep="\n  ", flush=True)
        failed += bool(differ)
        subprocess.run([engine, "rmi", *names], check=True, stdout=subprocess.DEVNULL)
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
