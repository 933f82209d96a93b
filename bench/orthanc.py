"""A real Orthanc for tests and benchmarks."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_ROUTE = """
function OnStoredInstance(id, tags, metadata, origin)
    if tags["Modality"] == "MG" and origin["RequestOrigin"] ~= "Lua" and tags["StudyDescription"] ~= "Archive" then
        SendToModality(id, "lobule")
    end
end
"""


DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc.

    Attributes:
        dicom_port: Port for DICOM associations.
        url: Address of its REST API.
    """

    dicom_port: int
    url: str

    def get(self, path: str) -> Any:
        """Send a GET request to its REST API."""
        return httpx.get(f"{self.url}{path}", timeout=30).raise_for_status().json()

    def post(self, path: str, body: Any) -> Any:
        """Send a POST request to its REST API."""
        return httpx.post(f"{self.url}{path}", json=body, timeout=30).raise_for_status().json()

    def file(self, instance: str) -> bytes:
        """An instance's file."""
        return httpx.get(f"{self.url}/instances/{instance}/file", timeout=30).raise_for_status().content

    def instances(self, study_uid: str) -> dict[str, list[str]]:
        """The instances of a study by modality."""
        found = httpx.post(f"{self.url}/tools/lookup", content=study_uid, timeout=30).json()
        by_modality: dict[str, list[str]] = {}
        for study in (each for each in found if each["Type"] == "Study"):
            for series in self.get(f"/studies/{study['ID']}/series"):
                by_modality.setdefault(series["MainDicomTags"]["Modality"], []).extend(series["Instances"])
        return by_modality


def executable() -> str | None:
    """Path of the program, None if it is not installed."""
    return shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def running_orthanc(
    folder: Path, dicom_port: int, http_port: int, node_port: int, *, dicomweb: bool = False
) -> Iterator[Orthanc]:
    """Run an Orthanc (AE title ORTHANC) that routes films, except an archive's, to a DICOM node (AE title LOBULE)."""
    program = executable()
    assert program is not None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "route.lua").write_text(_ROUTE)
    settings = {
        "Name": "PACS of the tests",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "DicomAet": "ORTHANC",
        "DicomPort": dicom_port,
        "HttpPort": http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "LuaScripts": [str(folder / "route.lua")],
        "DicomAssociationCloseDelay": 0,  # the association to a node that was killed meanwhile would lose the next film
        "DicomModalities": {"lobule": ["LOBULE", "127.0.0.1", node_port]},
        "DicomAlwaysAllowStore": True,
        "Plugins": [str(DICOMWEB)] if dicomweb else [],
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "settings.json")], stdout=log, stderr=log)
    orthanc = Orthanc(dicom_port, f"http://127.0.0.1:{http_port}")
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                orthanc.get("/system")
                break
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((folder / "log").read_text()[-2000:]) from None
                time.sleep(0.1)
        yield orthanc
    finally:
        process.terminate()
        process.wait(30)
