"""Fills a folder with every package of Lobule and of what it depends on, for machines without internet access.

Run it by `make wheelhouse`, on a machine with internet access, the same operating system, processor and Python version.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = "requirements.txt"


def for_every_patch(requirements: str) -> str:
    """Requirements without the markers that compare a patch release of Python, such as 3.11.3.

    The machines need the same minor version of Python, not the same patch release: what one of them needs goes to all.
    """
    return re.sub(r" ; python_full_version [<>=]+ '\d+\.\d+\.\d+'(?= |$)", "", requirements, flags=re.MULTILINE)


def main(uv: str, folder: Path) -> None:
    """Build our packages, download the others at their locked versions, and list all with their hashes.

    The list is written last, so that an incomplete folder has none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.whl"), *folder.glob(f"{REQUIREMENTS}*")):
        old.unlink()
    locked = folder / f"{REQUIREMENTS}.incomplete"
    export = [uv, "export", "--quiet", "--frozen", "--no-dev", "--no-emit-workspace", "--output-file", str(locked)]
    subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
    locked.write_text(for_every_patch(locked.read_text("utf-8")), "utf-8")
    download = [uv, "run", "--no-sync", "--with", "pip", "python", "-m", "pip", "download", "--quiet", "--no-deps"]
    download += ["--only-binary", ":all:", "--require-hashes", "--requirement", str(locked), "--dest", str(folder)]
    subprocess.run(download, check=True)
    before = set(folder.glob("*.whl"))
    subprocess.run([uv, "build", "--quiet", "--all-packages", "--wheel", "--out-dir", str(folder)], check=True)
    with locked.open("a", encoding="utf-8") as lines:
        for wheel in sorted(set(folder.glob("*.whl")) - before):
            name, version = wheel.name.split("-")[:2]
            digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
            lines.write(f"{name.replace('_', '-')}=={version} --hash=sha256:{digest}\n")
    locked.rename(folder / REQUIREMENTS)
    size = sum(file.stat().st_size for file in folder.glob("*.whl"))
    print(f"{folder}: {len(list(folder.glob('*.whl')))} packages, {size / 1e6:.0f} MB")


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]))
    except (OSError, subprocess.CalledProcessError) as error:  # the programs that it runs have said more
        sys.exit(f"{sys.argv[2]} is incomplete: {error}\nCorrect the cause (is the disk full?), then run it again.")
