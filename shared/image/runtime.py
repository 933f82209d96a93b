"""Gathers what Python needs of an operating system, for an image that starts from nothing: no shell, no packages.

python runtime.py /opt/lobule /runtime

It takes the interpreter that a virtual environment was made with, its standard library, the system's libraries that
the interpreter and the packages link to, certificates, and the entries of Debian's packages that the libraries come
from, so that scanners of images find them. Runs while an image is built, on any of Debian's Python images.
"""

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

UNREAD = (
    "__pycache__",
    "_curses*",
    "_dbm*",
    "_gdbm*",
    "config-*",
    "dist-packages",
    "distutils",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "nis*",
    "pydoc_data",
    "readline*",
    "site-packages",
    "test",
    "tests",
    "tkinter",
    "_tkinter*",
    "turtle*",
)
"""Of the standard library: what developers use."""

LOADED_BY_NAME = ("libgcc_s.so.1",)
"""glibc looks for it when a thread ends."""

FILES = (
    "/etc/debian_version",
    "/etc/ld.so.cache",
    "/etc/os-release",
    "/etc/ssl/certs/ca-certificates.crt",
    "/usr/lib/ssl/openssl.cnf",
    "/usr/share/zoneinfo/UTC",
)
STATUS = Path("/var/lib/dpkg/status")
USER = 10001


def main(environment: Path, target: Path) -> None:
    """Gather into a folder."""
    standard = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(standard, _inside(target, standard), ignore=shutil.ignore_patterns(*UNREAD), symlinks=True)
    by_hash = py_compile.PycInvalidationMode.UNCHECKED_HASH  # the same sources give the same image
    compileall.compile_dir(
        _inside(target, standard), stripdir=str(target), quiet=2, workers=0, invalidation_mode=by_hash
    )
    interpreter = environment / "bin" / "python"
    while interpreter.is_symlink():  # the environment's own link is copied with it
        interpreter = interpreter.parent / interpreter.readlink()
        _copy(interpreter, target)
    if not interpreter.is_relative_to(sys.base_prefix):
        raise SystemExit(f"{interpreter} is not of {sys.base_prefix}")
    linked = [interpreter, *_inside(target, standard).rglob("*.so"), *environment.rglob("*.so*")]
    libraries = _libraries([path for path in linked if path.is_file()], environment)
    for path in [*libraries, *map(Path, FILES)]:
        if path.exists():
            _copy(path, target)
            _copy(path.resolve(), target)
    for name in ("bin", "lib", "lib64", "sbin"):  # as Debian has them
        if Path("/", name).is_symlink() and not (target / name).exists():
            (target / name).symlink_to(Path("/", name).readlink())
    _tell_scanners(libraries, target)
    (target / "tmp").mkdir()
    (target / "tmp").chmod(0o1777)
    (target / "etc" / "passwd").write_text(f"root:x:0:0:root:/:/\nlobule:x:{USER}:{USER}:Lobule:/tmp:/\n")
    (target / "etc" / "group").write_text(f"root:x:0:\nlobule:x:{USER}:\n")


def _inside(target: Path, path: Path) -> Path:
    return target / path.relative_to("/")


def _copy(path: Path, target: Path) -> None:
    """Copy a file, or a link as a link, to the same place below the target."""
    real = path.parent.resolve() / path.name  # /lib is a link to /usr/lib
    there = _inside(target, real)
    if not os.path.lexists(there):
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(real, there, follow_symlinks=False)


def _libraries(linked: list[Path], environment: Path) -> list[Path]:
    """The system's libraries that files link to, those of their own packages aside."""
    found: set[Path] = set()
    for start in range(0, len(linked), 100):
        listed = subprocess.run(["ldd", *linked[start : start + 100]], capture_output=True, text=True).stdout
        words = (word for line in listed.splitlines() if not line.endswith(":") for word in line.split())
        found |= {Path(word) for word in words if word.startswith("/")}
    (folder,) = {path.parent for path in found if path.name.startswith("libc.so.")}
    found |= {folder / name for name in LOADED_BY_NAME}
    return sorted(path for path in found if not path.is_relative_to(environment))


def _tell_scanners(libraries: list[Path], target: Path) -> None:
    """Write one status file a package, as Debian's images without a package manager have them, and its licence."""
    owned = subprocess.run(
        ["dpkg", "-S", *{str(path.resolve()) for path in libraries}, *{str(path) for path in libraries}],
        capture_output=True,
        text=True,
    ).stdout
    packages = {line.split(":")[0] for line in owned.splitlines()}
    folder = target / "var" / "lib" / "dpkg" / "status.d"
    folder.mkdir(parents=True)
    for entry in STATUS.read_text().split("\n\n"):
        name = entry.partition("\n")[0].removeprefix("Package: ")
        if name in packages:
            (folder / name).write_text(f"{entry}\n")
            licence = Path("/usr/share/doc", name, "copyright")
            if licence.exists():
                _copy(licence, target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
