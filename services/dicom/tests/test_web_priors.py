"""What an archive may make the node ask for by DICOMweb."""

from datetime import date

import httpx

from dicom_node.priors.choosing import PriorCriteria
from dicom_node.priors.web import DicomwebPeer

WANTED = PriorCriteria("P1", None, before=date(2026, 3, 1), since=date(2020, 3, 1))


def test_names_that_are_no_uids_are_no_part_of_an_address(make_settings):
    """An archive could have the node, with its token, ask for anything on the same host."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        uids = {"0020000D": "1.2/../..", "0020000E": "../../../../admin", "00080018": "1.2?a=b"}
        hostile = {tag: {"Value": [uid]} for tag, uid in uids.items()}
        honest = {tag: {"Value": ["1.2.3"]} for tag in uids}
        return httpx.Response(200, json=[hostile, honest])

    peer = DicomwebPeer("http://127.0.0.1:9/dicom-web", make_settings(), None, None)
    peer._http = httpx.Client(transport=httpx.MockTransport(answer))
    assert [each.study_uid for each in peer.studies(WANTED)] == ["1.2.3"]
    assert [each.series_uid for each in peer.films("1.2.3")] == ["1.2.3"]
    assert asked == ["/dicom-web/studies", "/dicom-web/studies/1.2.3/instances"]
