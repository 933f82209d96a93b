"""Takes out of an image's packages what no service of ours ever reads. Runs while an image is built; needs binutils.

python trim.py /opt/lobule [KEPT ...]

Wheels are made for developers, too: they carry tests, headers, debugging symbols and clients of services that nobody
calls here. Each removal names its reason. What is left is tried by tests of the running containers (tests/deployment).
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

UNREAD = {
    "**/tests": "tests of the packages themselves",
    "**/*.pxd": "declarations for compiling against a package",
    "**/*.pyx": "sources of what is compiled",
    "**/*.a": "static libraries",
    "babel/locale-data/*.dat": "languages in which nobody is spoken to",
    "PIL/_avif*.so": "a picture format that no upload may have",
    "botocore/data/*/": "clients of all of Amazon's services",
    "clang": "TensorFlow asks for it, and reads it where it is compiled alone",
    "font_source_sans_pro/files/*.otf": "the TrueType files are read",
    "font_source_sans_pro/files/*It.ttf": "weights that no report is written in",
    "font_source_sans_pro/files/*Black.ttf": "the same",
    "font_source_sans_pro/files/*Light.ttf": "the same",
    "imagecodecs/_*.so": "compressions of pictures that no upload may have",
    "numpy/**/*.pyi": "type stubs; other packages read their own to load parts late",
    "numpy/*/include": "headers",
    "numpy/_core/_*tests*.so": "what only NumPy's tests load",
    "numpy/_core/_simd*.so": "the same",
    "numpy/distutils": "a way to build packages that is no longer used",
    "pydicom/data/test_files": "images for trying pydicom",
    "pydicom/sr": "DICOM's structured reports",
    "pylopdf_fonts_zh_cn/*Serif*": "reports are written without serifs",
    "tensorflow/include": "headers",
    "wcwidth/table_grapheme_overrides/_known_*": "what single brands of terminals do differently",
}
READ = {
    # objects in S3, and the ways of credentials to it
    *(f"botocore/data/{client}" for client in ("s3", "sts", "sso", "sso-oidc")),
    # British English and simplified Chinese, with what they inherit from
    *(f"babel/locale-data/{name}.dat" for name in ("root", "en", "en_001", "en_GB", "zh", "zh_Hans", "zh_Hans_CN")),
    # the compressions of TIFF, DICOM's JPEGs, and PNG with 16 bits
    *(
        f"imagecodecs/_{codec}.abi3.so"
        for codec in (
            "deflate",
            "imcd",
            "jpeg2k",
            "jpeg8",
            "jpegls",
            "lzma",
            "png",
            "shared",
            "shared_cython",
            "zlib",
            "zstd",
        )
    ),
}
BUNDLED = ("imagecodecs.libs", "pillow.libs")
"""Libraries that lie beside a package, and are read only where something that was left needs them."""

LARGE = 100_000


def main(folder: Path, kept: set[str]) -> None:
    """Trim a virtual environment of everything but what is kept, such as `pydicom/sr`."""
    (packages,) = folder.glob("lib/python3.*/site-packages")
    before = _size(folder)
    for pattern in UNREAD:
        for path in sorted(packages.glob(pattern)):
            if str(path.relative_to(packages)) not in READ | kept and path.exists():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for name in BUNDLED:
        _remove_unneeded(packages, name)
    _strip(packages)
    _link_doubles(packages)
    print(f"trimmed: {before / 1e6:.0f} MB to {_size(folder) / 1e6:.0f} MB")


def _remove_unneeded(packages: Path, bundled: str) -> None:
    """Remove bundled libraries that neither their package nor another kept library of theirs needs."""
    libraries = {path.name: path for path in (packages / bundled).glob("*")}
    package = packages / ("PIL" if bundled == "pillow.libs" else bundled.partition(".")[0])
    waiting = list(package.rglob("*.so"))
    kept: set[str] = set()
    while waiting:
        for name in _needed(waiting.pop()):
            if name in libraries and name not in kept:
                kept.add(name)
                waiting.append(libraries[name])
    for name in libraries.keys() - kept:
        libraries[name].unlink()


def _needed(library: Path) -> list[str]:
    listed = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    return [line.split("[")[1].rstrip("]") for line in listed.splitlines() if "(NEEDED)" in line]


def _strip(packages: Path) -> None:
    """Strip symbols for debuggers from large libraries; strip would break those in *.libs, rewritten once."""
    for path in packages.rglob("*.so*"):
        bundled = path.parent.name.endswith(".libs")
        if path.is_file() and not path.is_symlink() and not bundled and path.stat().st_size > LARGE:
            subprocess.run(["strip", "--strip-unneeded", path], check=True)


def _link_doubles(packages: Path) -> None:
    """Wheels know no links: libx.so, libx.so.3 and libx.so.3.2 come three times. One stays, the others point at it."""
    seen: dict[tuple[Path, str], Path] = {}
    for path in sorted(packages.rglob("*.so*")):
        if path.is_file() and not path.is_symlink():
            key = (path.parent, hashlib.sha256(path.read_bytes()).hexdigest())
            first = seen.setdefault(key, path)
            if first is not path:
                path.unlink()
                path.symlink_to(first.name)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), set(sys.argv[2:]))
