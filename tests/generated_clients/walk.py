"""A program with the client that openapi-python-client generates: log in, upload, wait, read the report; with errors.

python walk.py SERVER USERNAME PASSWORD FIELD
"""

import sys
import time
from io import BytesIO
from pathlib import Path

from lobule_api import AuthenticatedClient, Client
from lobule_api.api.auth import issue_token
from lobule_api.api.cases import create_case, list_cases
from lobule_api.api.images import read_image_content, upload_image
from lobule_api.api.jobs import list_jobs, read_job, read_progress
from lobule_api.api.reports import get_report, get_result
from lobule_api.models.accepted import Accepted
from lobule_api.models.case_create import CaseCreate
from lobule_api.models.case_page import CasePage
from lobule_api.models.case_read import CaseRead
from lobule_api.models.job_page import JobPage
from lobule_api.models.password_grant import PasswordGrant
from lobule_api.models.problem import Problem
from lobule_api.models.progress import Progress
from lobule_api.models.result import Result
from lobule_api.models.token_pair import TokenPair
from lobule_api.models.upload_image_body import UploadImageBody
from lobule_api.types import File


def log_in(server: str, username: str, password: str) -> AuthenticatedClient:
    refused = issue_token.sync(client=Client(server), body=PasswordGrant(username, "a wrong password"))
    assert isinstance(refused, Problem)
    assert refused.code.value == "wrong_credentials"
    pair = issue_token.sync(client=Client(server), body=PasswordGrant(username, password))
    assert isinstance(pair, TokenPair), pair
    return AuthenticatedClient(server, token=pair.access_token)


def wait_for(client: AuthenticatedClient, job: str) -> Progress:
    while True:
        progress = read_progress.sync(job, client=client)
        assert isinstance(progress, Progress), progress
        if not progress.poll_after_ms:
            return progress
        time.sleep(progress.poll_after_ms / 1000)


def upload(client: AuthenticatedClient, case: str, content: bytes, name: str) -> Accepted | Problem | None:
    with_name = File(payload=BytesIO(content), file_name=name)
    return upload_image.sync(client=client, body=UploadImageBody("histopathology", with_name, case_id=case))


def main(server: str, username: str, password: str, field: Path) -> None:
    client = log_in(server, username, password)
    case = create_case.sync(client=client, body=CaseCreate(pseudonym="generated-python"))
    assert isinstance(case, CaseRead), case

    refused = upload(client, case.id, b"no image at all", "text.png")
    assert isinstance(refused, Problem)
    assert refused.code.value == "unsupported_format"
    missing = read_job.sync("no-such-job", client=client)
    assert isinstance(missing, Problem)
    assert missing.code.value == "not_found"

    accepted = upload(client, case.id, field.read_bytes(), field.name)
    assert isinstance(accepted, Accepted), accepted
    assert wait_for(client, accepted.job.id).state.value == "done"
    result = get_result.sync(accepted.job.id, client=client)
    assert isinstance(result, Result), result
    assert 0 <= result.probability_malignant <= 1

    report = get_report.sync_detailed(accepted.job.id, client=client)
    assert report.status_code == 200
    content = read_image_content.sync_detailed(accepted.image.id, client=client)
    assert content.content == field.read_bytes()
    jobs = list_jobs.sync(client=client, case_id=case.id)
    assert isinstance(jobs, JobPage), jobs
    assert [job.id for job in jobs.items] == [accepted.job.id]
    cases = list_cases.sync(client=client, q="generated-python")
    assert isinstance(cases, CasePage), cases
    print(cases.items[0].assessment)


if __name__ == "__main__":
    given_server, given_name, given_password, given_field = sys.argv[1:]
    main(given_server, given_name, given_password, Path(given_field))
