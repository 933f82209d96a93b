"""Holds the licences of everything that ships to a list: permissive ones, and others by the name of the package.

Run it by `make check`. It reads the packages of `uv.lock`, the development tools left out, and what each says of
itself.
"""

import re
import subprocess
import sys
from importlib.metadata import Distribution, distribution

PERMISSIVE = re.compile(
    r"(MIT|MIT-0|MIT-CMU|HPND|Apache|BSD|0BSD|ISC|Zlib|CC0|CNRI|PSF|Python Software Foundation|SIL Open Font|OFL)\b"
)
BY_NAME = {
    "certifi": "MPL-2.0: certificates, used unchanged",
    "faster-coco-eval": "Apache-2.0, which its metadata leaves out",
    "namex": "Apache-2.0, which its metadata leaves out",
    "psycopg": "LGPL-3.0: a library that is imported, used unchanged, and may be replaced",
    "psycopg-binary": "LGPL-3.0: as psycopg",
}


def shipped(uv: str) -> list[str]:
    """The names of the packages that an installation has, our own left out."""
    command = [uv, "export", "--quiet", "--frozen", "--no-dev", "--all-packages", "--no-emit-workspace", "--no-hashes"]
    exported = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines = [line for line in exported.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    return sorted({re.split(r"[=\[;@ ]", line)[0] for line in lines})


def licence_of(package: Distribution) -> str:
    """What a package says of its licence: the expression, else its classifiers, else the first line of the text."""
    metadata = package.metadata
    classifiers = [each.rpartition(" :: ")[2] for each in metadata.get_all("Classifier", []) if "License ::" in each]
    texts = [metadata.get("License-Expression"), " AND ".join(classifiers), metadata.get("License", "").split("\n")[0]]
    return next((text for text in texts if text), "")


def is_permissive(licence: str) -> bool:
    """Whether every part of a licence is permissive; of alternatives (`OR`), whether one is."""
    parts = re.split(r"\s+AND\s+|;", licence)
    return bool(licence) and all(any(PERMISSIVE.search(each) for each in part.split(" OR ")) for part in parts)


def main(uv: str) -> int:
    """Print what is not allowed; returns the exit status."""
    refused, used = [], set()
    names = shipped(uv)
    for name in names:
        try:
            licence = licence_of(distribution(name))
        except ModuleNotFoundError:  # for another platform
            continue
        if name in BY_NAME:
            used.add(name)
        elif not is_permissive(licence):
            refused.append(f"{name}: {licence or 'no licence named'}")
    for line in refused:
        print(f"Not allowed: {line}", file=sys.stderr)
    unused = sorted(set(BY_NAME) - used)
    if unused:
        print(f"No longer shipped, remove from BY_NAME: {', '.join(unused)}", file=sys.stderr)
    print(f"{len(names)} packages, {len(refused)} with a licence that is not allowed")
    return 1 if refused or unused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
