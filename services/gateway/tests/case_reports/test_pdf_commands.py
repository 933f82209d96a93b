"""The commands that draw a certificate and verify a signed PDF, and another program that verifies it."""

import hashlib
import shutil
import subprocess

import pytest
from blank_pdf import blank_pdf
from typer.testing import CliRunner

from gateway.pdf_signing import PdfSigner, draw_certificate, judge
from gateway.reports.commands import app as commands

NAME = "Hospital of these tests"


@pytest.fixture
def run():
    return lambda *words: CliRunner().invoke(commands, [str(word) for word in words])


def test_the_commands_draw_a_certificate_and_verify(run, tmp_path):
    assert run("certificate", tmp_path / "secrets", "--name", NAME).exit_code == 0
    certificate, key = tmp_path / "secrets" / "pdf_certificate", tmp_path / "secrets" / "pdf_key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert run("certificate", tmp_path / "secrets", "--name", NAME).exit_code == 1, "never replaced"
    signer, content, file = PdfSigner(certificate.read_text(), key.read_text()), tmp_path / "content", tmp_path / "pdf"
    content.write_bytes(b"{}")
    file.write_bytes(signer.sign(blank_pdf(), f"content {hashlib.sha256(b'{}').hexdigest()}"))
    assert judge(file.read_bytes(), "content", signer.known) == "broken"
    assert run("verify", file, "--certificate", certificate, "--content", content).exit_code == 0
    content.write_bytes(b"[]")
    assert "another content" in run("verify", file, "--certificate", certificate, "--content", content).output
    certificate.write_bytes(draw_certificate(NAME, 10)[0])
    assert "another certificate" in run("verify", file, "--certificate", certificate).output
    assert "no PEM certificate" in run("verify", file, "--certificate", content).output
    file.write_bytes(file.read_bytes() + b"\n")
    assert "changed" in run("verify", file, "--certificate", certificate).output


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_another_program_verifies_it(tmp_path):
    certificate, key = (part.decode() for part in draw_certificate(NAME, 10))
    (tmp_path / "a.pdf").write_bytes(PdfSigner(certificate, key).sign(blank_pdf(), "a reason"))
    said = subprocess.run(["pdfsig", tmp_path / "a.pdf"], capture_output=True, text=True, check=False).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
