"""Serves a real OHIF viewer and the DICOMweb API of a real Orthanc from one origin.

OHIF's built application is the package `@ohif/app` of npm (MIT), too large to be a dependency:
`npm pack @ohif/app@3.12.10`, unpacked to `var/ohif`.
"""

import http.server
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
FILES = ROOT / "var" / "ohif" / "package" / "dist"
_SETTINGS = """
window.config = {
  routerBasename: null, extensions: [], modes: [], customizationService: {}, showStudyList: true,
  showWarningMessageForCrossOrigin: false, showCPUFallbackMessage: false, investigationalUseDialog: { option: 'never' },
  defaultDataSourceName: 'orthanc',
  dataSources: [{
    namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'orthanc',
    configuration: {
      friendlyName: 'Orthanc', name: 'orthanc', qidoRoot: '/dicom-web', wadoRoot: '/dicom-web', wadoUriRoot: '/wado',
      qidoSupportsIncludeField: false, imageRendering: 'wadors', thumbnailRendering: 'wadors',
      enableStudyLazyLoad: true,
      supportsFuzzyMatching: false, supportsWildcard: true,
      bulkDataURI: { enabled: true, relativeResolution: 'studies' },
    },
  }],
};
"""


@contextmanager
def served(orthanc: str) -> Iterator[str]:
    """Serve OHIF, and the DICOMweb of an Orthanc below `/dicom-web`; yields the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0].lstrip("/")
            if path.startswith(("dicom-web", "wado")):
                self._pass_on()
            elif path == "app-config.js":
                self._answer(200, _SETTINGS.encode(), "text/javascript")
            else:
                file = FILES / path
                file = file if path and file.is_file() else FILES / "index.html"
                self._answer(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")

        def _pass_on(self) -> None:
            asked = {
                "Accept": self.headers.get("Accept", "*/*"),
                "Host": self.headers["Host"],
            }  # for links to bulk data
            answer = httpx.get(f"{orthanc}{self.path}", headers=asked, timeout=60)
            self._answer(answer.status_code, answer.content, answer.headers.get("content-type", ""))

        def _answer(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
