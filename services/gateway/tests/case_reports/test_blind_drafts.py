"""Drafts of a case that two people read: each of what its reader has said alone."""

import pytest

from gateway.jobs.models import Rendering

pytestmark = pytest.mark.usefixtures("store_read_without_connection")


@pytest.fixture
def app(make_app):
    return make_app(double_reading="recall")


@pytest.mark.usefixtures("serve")
def test_a_draft_is_rendered_for_its_reader_alone(app, client, alice, colleague, worker, case, job):
    """Although the case has the same revision for both, so that a draft could be taken for another's."""
    worker.infer(job, findings=1)
    said = client.put(f"/api/v1/cases/{case}/reviews/{job}/f1", headers=alice, json={"verdict": "confirmed"})
    assert said.status_code == 200
    for headers in (alice, colleague(case)):
        answer = client.get(f"/api/v1/cases/{case}/reports/draft?format=json", headers=headers)
        assert answer.status_code == 200, answer.text
    with app.state.sessions() as session:
        drafts = session.query(Rendering).filter(Rendering.key.contains(":draft:")).order_by(Rendering.created_at)
        told = [len(draft.request["case"]["images"][0]["reviews"]) for draft in drafts]
    assert told == [1, 0]
