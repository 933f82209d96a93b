"""Findings by lesion: numbers, and entries with the marks of both views."""

from datetime import UTC, datetime

from lobule.contracts.case import ImageEvidence
from lobule.contracts.examination import BreastReading, ExaminationReading, Lesion, LesionMark
from lobule.numbering import earlier_numbers_of, numbers_of
from lobule.words import Words
from report.lesions import lesion_entries, with_lesion_states
from report.section import build_section


def reading(*breasts: list[tuple[float, list[tuple[str, str]]]]) -> ExaminationReading:
    """A reading of breasts with lesions: the suspicion of each and its marks, as analysis and finding."""

    def lesion(suspicion: float, marks: list[tuple[str, str]]) -> Lesion:
        found = [LesionMark(job_id=job, finding_id=finding, view="CC") for job, finding in marks]
        return Lesion(marks=found, probability_malignant=suspicion, same_lesion=None, place=None)

    read = [
        BreastReading(
            laterality=side,
            views=["CC"],
            assessment="not_sure",
            probability_malignant=0.5,
            bi_rads=0,
            lesions=[lesion(*one) for one in lesions],
        )
        for side, lesions in zip(("R", "L"), breasts, strict=True)
    ]
    return ExaminationReading(method="rule", breasts=read, assessment="not_sure", probability_malignant=0.5)


def test_both_marks_of_a_lesion_have_one_number_and_weak_findings_follow(mammogram):
    result = mammogram[0]
    first, second = (finding.id for finding in result.findings[:2])
    said = reading([(0.3, [("a", first), ("b", second)])], [(0.8, [("c", first)])])
    numbers = numbers_of(said, [(job, result) for job in "abc"])
    assert (numbers["c"][first], numbers["a"][first], numbers["b"][second]) == (1, 2, 2), "the most suspicious first"
    rest = [number for of in numbers.values() for number in of.values() if number > 2]
    assert sorted(rest) == list(range(3, 3 + len(rest))), "what is no lesion follows"
    assert len(rest) == 3 * len(result.findings) - 3


def test_weak_findings_are_numbered_in_the_order_in_which_films_hang(mammogram):
    """Whoever asks for the numbers, in whatever order films came."""
    result, said = mammogram[0], reading([], [])
    views = (("L", "MLO"), ("R", "XCCL"), ("L", "CC"), ("R", "CC"))
    images = [result.image.model_copy(update={"laterality": side, "view": view}) for side, view in views]
    films = [(f"{image.laterality}{image.view}", result.model_copy(update={"image": image})) for image in images]
    numbers = numbers_of(said, films)
    assert numbers == numbers_of(said, films[::-1])
    first = result.findings[0].id
    assert sorted(numbers, key=lambda job: numbers[job][first]) == ["RCC", "LCC", "LMLO", "RXCCL"]


def test_marked_findings_of_films_that_are_not_compared_come_before_weak_ones(mammogram):
    """The weak findings of the first film, which are not shown, had the numbers between those of marked ones."""
    result = mammogram[0].model_copy(
        update={"thresholds": mammogram[0].thresholds.model_copy(update={"finding": 0.6})}, deep=True
    )
    images = [result.image.model_copy(update={"laterality": "R", "view": view}) for view in ("XCCL", "ML")]
    films = [(image.view, result.model_copy(update={"image": image}, deep=True)) for image in images]
    films[1][1].findings[1].probability = 0.5
    assert numbers_of(reading([], []), films) == {"XCCL": {"f1": 1, "f2": 4}, "ML": {"f1": 2, "f2": 3}}


def test_earlier_marks_have_the_number_of_their_lesion_or_none(mammogram):
    """Each earlier film counted its own marks from 1: mark 1 of a prior was another lesion than finding 1."""
    result, text = mammogram[0], Words("en")
    first, second, *_ = (finding.id for finding in result.findings)
    said = reading([(0.3, [("a", first)])], [(0.8, [("c", first)])])
    said.breasts[0].lesions[0].earlier_marks.append(LesionMark(job_id="before", finding_id=second, view="CC"))
    numbers = earlier_numbers_of(said, ["before", "blank"])
    assert numbers == {"before": {second: 2}, "blank": {}}
    marked = result.model_copy(update={"thresholds": result.thresholds.model_copy(update={"finding": 0.0})})
    section = build_section(marked, datetime.now(UTC), text, name="RCC, 2024", is_prior=True, numbers=numbers["before"])
    unmatched, matched, *_ = section.findings
    assert (unmatched.number, matched.number) == (None, 2)
    assert unmatched.tag == unmatched.suspicion
    entries = lesion_entries([section], [marked], {}, text)
    assert len(entries) == len(section.findings), "marks without a number are no lesion together"
    assert [entry.title for entry in entries[:2]] == ["Finding 2 in RCC, 2024", "RCC, 2024, mark without a number"]


def test_film_of_another_view_is_called_by_its_side_and_view():
    def named(view, side="L"):
        return ImageEvidence(
            job_id="a", file_name="a.dcm", modality="mammography", view=view, laterality=side, state="assessed"
        ).name

    assert [named(view) for view in ("CC", "XCCL", "M", "MCC", "SMLO", None)] == [
        "LCC",
        "L XCCL",
        "L MAG",
        "L CC MAG",
        "L MLO SPOT",
        "a.dcm",
    ]
    assert named("XCCL", None) == "a.dcm"


def test_films_that_were_not_read_together_number_their_own_findings(mammogram):
    assert numbers_of(None, [("a", mammogram[0])]) == {}


def test_an_entry_names_the_image_of_each_size_and_position(mammogram):
    result, text = mammogram[0], Words("en")
    first = result.findings[0].id
    sections = [
        build_section(result, datetime.now(UTC), text, name=name, numbers={first: 1}) for name in ("RCC", "RMLO")
    ]
    entry, *_ = lesion_entries(sections, [result, result], {}, text)
    row = sections[0].findings[0]
    assert entry.title == "Finding 1 in RCC and RMLO"
    assert [(mark.image, mark.finding) for mark in entry.marks] == [(0, 0), (1, 0)]
    assert entry.size == f"RCC: {row.size} and RMLO: {row.size}"
    assert entry.position == f"RCC: {row.position} and RMLO: {row.position}"


def test_marks_of_a_lesion_have_the_colour_of_the_most_suspicious(mammogram):
    """They had two where one view is less suspicious; the table of each film keeps what the film says by itself."""
    result, text = mammogram[0], Words("en")
    films = [result.model_copy(deep=True), result.model_copy(deep=True)]
    first = result.findings[0].id
    films[1].findings[0].probability_malignant = 0.1
    films = [film.model_copy(update={"findings": film.findings[:1]}) for film in films]
    sections = [
        build_section(film, datetime.now(UTC), text, number=number, name=name, numbers={first: 1})
        for number, (film, name) in enumerate(zip(films, ("LCC", "LMLO"), strict=True), 1)
    ]
    for changes in (None, {}):
        coloured = with_lesion_states(sections, lesion_entries(sections, films, changes, text))
        assert [section.findings[0].state for section in coloured] == ["malignancy_suspected", "no_sign_of_malignancy"]
        other = "no_sign_of_malignancy" if changes is None else "malignancy_suspected"
        assert [section.findings[0].lesion_state for section in coloured] == ["malignancy_suspected", other]
