"""DICOM nodes: what they report is what administrators see, and what these ask reaches the node once."""

from datetime import timedelta

import pytest
from node_report import told

from gateway.clock import now
from gateway.nodes.models import Node, Task

PASSWORD = "correct horse battery staple"


@pytest.fixture
def node(client, root, new_user, headers_of):
    """The headers of a node's account."""
    new_user("pacs", role="service")
    return headers_of("pacs")


def report(client, who, outcomes=(), **changes):
    return client.post(
        "/api/v1/nodes/report", json={"report": told(**changes), "outcomes": list(outcomes)}, headers=who
    )


def test_administrators_see_what_a_node_reported_last(client, root, node):
    assert report(client, node).json() == {"tasks": []}
    assert report(client, node, waiting=7).status_code == 200
    [seen] = client.get("/api/v1/nodes", headers=root).json()
    assert (seen["username"], seen["report"]["waiting"]) == ("pacs", 7)
    assert seen["report"]["associations"][0]["statuses"] == {"0000": 4, "0122": 1}


def test_a_task_reaches_the_node_once_and_its_outcome_comes_back(app, client, root, node):
    report(client, node)
    [seen] = client.get("/api/v1/nodes", headers=root).json()
    place = f"/api/v1/nodes/{seen['id']}/tasks"
    asked = client.post(place, json={"kind": "echo", "peer": "PACS"}, headers=root)
    assert asked.status_code == 202
    task = asked.json()
    assert task["ended_at"] is None
    assert report(client, node).json()["tasks"] == [{"id": task["id"], "kind": "echo", "peer": "PACS"}]
    assert report(client, node).json()["tasks"] == [], "it was taken"
    with app.state.sessions.begin() as session:
        session.query(Task).update({Task.taken_at: now() - timedelta(minutes=3)})
    assert len(report(client, node).json()["tasks"]) == 1, "it was lost on the way"
    report(client, node, [{"id": task["id"], "code": "not_connected"}, {"id": "another", "code": "ok"}])
    report(client, node, [{"id": task["id"], "code": "ok"}])
    ended = client.get(f"{place}/{task['id']}", headers=root).json()
    assert (ended["outcome"], ended["asked_by"]) == ("not_connected", "root"), "the first outcome counts"
    assert [each["id"] for each in client.get(place, headers=root).json()] == [task["id"]]


def test_a_node_is_asked_only_for_what_it_can_do(client, root, node):
    report(client, node)
    [seen] = client.get("/api/v1/nodes", headers=root).json()
    place = f"/api/v1/nodes/{seen['id']}/tasks"
    assert client.post(place, json={"kind": "echo", "peer": "NOBODY"}, headers=root).status_code == 404
    assert client.post(place, json={"kind": "erase", "peer": "PACS"}, headers=root).status_code == 422
    assert (
        client.post("/api/v1/nodes/none/tasks", json={"kind": "echo", "peer": "PACS"}, headers=root).status_code == 404
    )
    for _ in range(20):
        assert client.post(place, json={"kind": "echo", "peer": "PACS"}, headers=root).status_code == 202
    busy = client.post(place, json={"kind": "echo", "peer": "PACS"}, headers=root)
    assert (busy.status_code, busy.json()["code"]) == (409, "node_busy")


def test_clinicians_neither_report_nor_see(client, alice, node):
    assert report(client, alice).status_code == 403
    assert report(client, node).status_code == 200
    for method, path in (("GET", ""), ("POST", "/x/tasks"), ("GET", "/x/tasks"), ("DELETE", "/x")):
        answer = client.request(method, f"/api/v1/nodes{path}", headers=alice, json={"kind": "echo", "peer": "PACS"})
        assert answer.status_code == 403, path
    assert client.get("/api/v1/nodes", headers=node).status_code == 403, "nor does the node see others"


def test_a_report_that_is_none_is_refused(client, node):
    assert report(client, node, associations=[told()["associations"][0]] * 101).status_code == 422
    assert client.post("/api/v1/nodes/report", json={"report": {}}, headers=node).status_code == 422
    assert report(client, node, [{"id": "x", "code": "<script>"}]).status_code == 422


def test_a_node_can_be_forgotten(client, root, node):
    report(client, node)
    [seen] = client.get("/api/v1/nodes", headers=root).json()
    assert client.delete(f"/api/v1/nodes/{seen['id']}", headers=root).status_code == 204
    assert client.get("/api/v1/nodes", headers=root).json() == []
    assert client.delete(f"/api/v1/nodes/{seen['id']}", headers=root).status_code == 404


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            [
                "Test connection",
                "Send again",
                "Store a sample",
                "MODALITY called LOBULE from 10.0.0.9.",
                "Stored: 4.",
                "Refused with 0122: 1.",
                "STRANGER called LOBULE from 10.0.0.9 and was rejected",
                "no biopsies",
                "refused, not sent again",
                "The image is damaged and cannot be read.",
                "RIS@10.0.0.6:2575",
                "the system answered with status A700",
                "Open work items of https://pacs.example/dicom-web: 1.",
                "The last search failed: the server answered with HTTP status 503.",
                "its films are analysed",
                "it names no mammogram that the node accepts",
            ],
        ),
        ("zh", ["测试连接", "重新发送", "存储测试图像", "已存储：4。", "被拒绝", "既往片", "正在分析影像", "不再发送"]),
    ],
)
def test_the_page_says_it_in_words(app, client, node, language, words):
    assert report(client, node).status_code == 200
    client.post("/login", data={"username": "root", "password": PASSWORD})
    page = client.get("/admin/nodes", headers={"Accept-Language": language}).text
    for each in words:
        assert each in page
    assert '<p class="bad-words">' not in page
    with app.state.sessions.begin() as session:
        session.query(Node).one().reported_at = now() - timedelta(minutes=10)
    silent = client.get("/admin/nodes", headers={"Accept-Language": "en"}).text
    assert '<p class="bad-words">The node has not reported for minutes.' in silent
