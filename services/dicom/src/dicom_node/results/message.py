"""A signed report as ORU^R01 (HL7 v2.5.1, 7.3.1)."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pydicom.dataset import Dataset

from dicom_node.hl7.heading import control_id
from dicom_node.hl7.syntax import components, escape, segment
from dicom_node.journal.orders import Order
from dicom_node.results.examination import Examination, Signed
from lobule import RESEARCH_USE_ONLY
from lobule.contracts.result import Assessment, Laterality

_REPORT = components("18748-4", "Diagnostic imaging study", "LN")
_IMPRESSION = components("19005-8", "Radiology Imaging study [Impression]", "LN")
_CATEGORY = components("111005", "Assessment Category", "DCM")
_COMPOSITION = components("129715009", "Breast composition", "SCT")
_RECOMMENDATION = components("121075", "Recommendation", "DCM")
_LINK = components("LINK", "Report in Lobule", "L")
_ASSESSMENTS: dict[Assessment, str] = {
    "malignancy_suspected": "Malignancy suspected",
    "not_sure": "Not sure",
    "no_sign_of_malignancy": "No sign of malignancy",
}
_SIDES: dict[Laterality, str] = {"R": "Right breast", "L": "Left breast"}


def report_message(
    examination: Examination,
    *,
    uid: str,
    order: Order | None,
    accession: str,
    link: str,
    made_at: datetime,
    patient_id: str = "",
    corrects: bool = False,
) -> bytes:
    """The message.

    Args:
        examination: An examination with a signature in force, or with a signed version that is no longer in force,
            which the message takes back until the next signature.
        uid: Permanent identifier of the message.
        order: Order of the study, if it is known.
        accession: Number of the study as its films have it; may be empty.
        link: Address of the report.
        made_at: Time of the message.
        patient_id: Identifier that is used for the patient now; empty: that of the films.
        corrects: Whether there was an earlier message about the study.
    """
    signed, header = examination.signed, examination.header
    # Of this study, which need not be the first that was signed of its case.
    state = "P" if signed is None else "C" if corrects else "F"
    now = made_at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
    placer, filler = (order.placer, order.filler) if order else ("", "")
    filler = filler or escape(accession)
    study_day = f"{_said(header, 'StudyDate')}{_said(header, 'StudyTime')[:6]}" if _said(header, "StudyDate") else ""
    lines = [
        "MSH|^~\\&|LOBULE||||" + f"{now}||ORU^R01^ORU_R01|{control_id(uid)}|P|2.5.1|||AL|NE||UNICODE UTF-8",
        _patient(header, patient_id),
        segment("ORC", f1="RE", f2=placer, f3=filler),
        segment(
            "OBR",
            f1="1",
            f2=placer,
            f3=filler,
            f4=_REPORT,
            f7=escape(study_day),
            f18=escape(accession),
            f22=now,
            f24="RAD",
            f25=state,
            f32=_person(signed.reader) if signed else "",
            f33="~".join(_person(each.name) for each in signed.others) if signed else "",
        ),
        segment("NTE", f1="1", f2="L", f3=escape(RESEARCH_USE_ONLY)),
        *_observations(examination, signed, link, state),
    ]
    return ("\r".join(lines) + "\r").encode()


def _observations(examination: Examination, signed: Signed | None, link: str, state: str) -> Iterator[str]:
    observed = _taken_back(examination) if signed is None else _stated(examination, signed)
    observed.append(("RP", _LINK, "", components(link, "LOBULE", "TEXT", "HTML")))
    for number, (kind, what, sub, value) in enumerate(observed, 1):
        yield segment("OBX", f1=str(number), f2=kind, f3=what, f4=escape(sub), f5=value, f11=state)


def _taken_back(examination: Examination) -> list[tuple[str, str, str, str]]:
    """State that the report that was signed last is no longer in force, and the system's conclusion now, if any."""
    text = (
        f"The report that was signed as version {examination.signed_version} is no longer in force, because the case "
        "has changed since. A new report is awaited."
    )
    if examination.assessment is not None:
        text += f" The system's conclusion, which nobody has signed: {_ASSESSMENTS[examination.assessment]}."
    return [("TX", _IMPRESSION, "", escape(text))]


def _stated(examination: Examination, signed: Signed) -> list[tuple[str, str, str, str]]:
    """The signed statements: type, code, side and value of each observation."""
    conclusion = signed.conclusion or examination.assessment
    observed: list[tuple[str, str, str, str]] = []
    if conclusion is not None:
        coded = components(conclusion, _ASSESSMENTS[conclusion], "L")
        observed.append(("CWE", _CATEGORY, "", coded))
    text = signed.comment or (_ASSESSMENTS[conclusion] if conclusion else "")
    if text:
        observed.append(("TX", _IMPRESSION, "", escape(text)))
    stated = dict(signed.breasts.stated) if signed.breasts else {}
    for side, name in _SIDES.items():
        if side not in stated:
            continue
        breast = stated[side]
        observed.append(
            ("CWE", _CATEGORY, name, components(f"bi-rads-{breast.bi_rads}", f"BI-RADS {breast.bi_rads}", "L"))
        )
        if breast.density:
            observed.append(("CWE", _COMPOSITION, name, components(f"density-{breast.density}", breast.density, "L")))
        if breast.recommendation:
            words = breast.recommendation.replace("_", " ").capitalize()
            observed.append(("CWE", _RECOMMENDATION, name, components(breast.recommendation, words, "L")))
    return observed


def _person(name: str) -> str:
    """A reader in a field of the type NDL, whose first subcomponent is an identifier."""
    return f"&{escape(name)}"


def _patient(header: Dataset, patient_id: str) -> str:
    issuer = _said(header, "IssuerOfPatientID")
    identifier = components(patient_id or _said(header, "PatientID"), "", "", issuer)
    sex = _said(header, "PatientSex")
    return segment(
        "PID",
        f1="1",
        f3=identifier,
        f5=_names(_said(header, "PatientName")),
        f7=escape(_said(header, "PatientBirthDate")),
        f8=sex if sex in ("M", "F", "O") else "U",
    )


def _names(name: str) -> str:
    """A person name of DICOM as repetitions of XPN, one for each group: alphabetic, ideographic, phonetic (table 0465).

    DICOM puts the prefix before the suffix (PS3.5, 6.2), XPN the suffix before the prefix. An empty name is one of
    unspecified type, because PID-5 is required.
    """
    names = []
    for group, code in zip(name.split("="), "AIP", strict=False):
        family, given, middle, prefix, suffix = (*group.split("^"), "", "", "", "", "")[:5]
        if plain := components(family, given, middle, suffix, prefix):
            names.append(plain if group == name else f"{plain}{'^' * (7 - plain.count('^'))}{code}")
    return "~".join(names) or "^^^^^^U"


def _said(header: Dataset, keyword: str) -> str:
    return str(header.get(keyword) or "").strip()
