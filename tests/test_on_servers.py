"""The same code on separate servers: PostgreSQL, Redis and an S3 store. Only settings differ."""

import psycopg
import pytest
from following import finish
from servers import BUCKET

from lobule.client import Client
from lobule.launcher.system import DEMO
from lobule.layout import report_file, work_folder


@pytest.mark.postgres
def test_from_upload_to_report(system_with_models, real_field, shared_data):
    servers = system_with_models.servers
    if servers is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    system = system_with_models.start()
    with Client(system.url, DEMO, system.home.secrets["demo_password"]) as client:
        job = client.upload(real_field, "histopathology")
        last = finish(client, job, 240)[-1]
        assert last.state == "done", last
        assert b"<html" in client.report(job, "html")
        film = client.upload(sorted((shared_data / "mias").rglob("mdb*.jpg"))[0], "mammography", view="MLO")
        last = finish(client, film, 240)[-1]
        assert last.state == "done", last
        result = client.result(film)
        assert result.model.name.startswith("mammo")
        assert result.assessment == result.thresholds.assess(result.probability_malignant)
        assert all(0 <= finding.box.x < result.image.width for finding in result.findings)
    with psycopg.connect(servers.database_url.replace("+psycopg", "")) as database:
        query = "SELECT state FROM jobs WHERE id::text = ANY(%s)"
        assert database.execute(query, ([job, film],)).fetchall() == [("done",)] * 2
    pages = servers.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    keys = [entry["Key"] for page in pages for entry in page["Contents"]]
    assert any(key.endswith("/original") for key in keys)
    ends = f"/{report_file('en', 'html')}"
    assert any(key.startswith(f"objects/{work_folder(job)}/") and key.endswith(ends) for key in keys)
    assert not (system.home.folder / "lobule.sqlite").exists()
    assert list((system.home.folder / "objects").iterdir()) == []
