"""Signs a case in the portal as a person does, because API tokens cannot sign."""

from typing import Any

import httpx


def sign_case(url: str, username: str, password: str, case: str, said: dict[str, Any]) -> None:
    """Log in to the portal and sign a case."""
    with httpx.Client(base_url=url, verify=False, timeout=60) as browser:
        form = {"username": username, "password": password}
        assert browser.post("/login", data=form).status_code == 303
        csrf = browser.get("/help").text.split('name="csrf-token" content="')[1].split('"')[0]
        headers = {"X-CSRF-Token": csrf}
        answer = browser.post(f"/api/v1/cases/{case}/reports", json=said, headers=headers)
        assert answer.status_code == 201, answer.text
