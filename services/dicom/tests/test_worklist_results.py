"""A work item is completed with the results of its films, and not before they are there."""

from dicom_peer import STUDY
from ups_server import PERFORMED, serve_film, work_item

from dicom_node.journal import studies

UID, RESULT = "1.2.826.0.1.3680043.8.498.900", "1.2.826.0.1.3680043.8.498.901"


def read_in_part(worker, ups, films) -> None:
    """Claim an item and send a first result; others are to come."""
    ups.items[UID] = work_item(UID, films)
    worker.look()
    worker.look()
    worker.read_film("ARCHIVE", settled=False)
    worker.send()


def test_results_of_the_films_before_do_not_complete_it(worker, ups, ups_films, make_film):
    for number, item in enumerate((ups_films[:1], ups_films)):
        ups.items[f"{UID}.{number}"] = work_item(f"{UID}.{number}", item)
        worker.look()
        worker.look()
        if not number:
            worker.read_film("ARCHIVE")
            worker.send()
            worker.look()
    states = "SELECT state FROM work_items ORDER BY uid"

    def said() -> list[str]:
        worker.look()
        return [row[0] for row in worker.journal._database.execute(states)]

    assert said() == ["completed", "reading"], "the study is not delivered"
    worker.deliver()
    assert said() == ["completed", "reading"], "there is no result of the new film"
    worker.read_film("ARCHIVE", uid=f"{RESULT}.2", version=2)
    worker.send()
    assert said() == ["completed", "completed"]


def test_results_that_are_still_to_come_are_awaited_however_long_they_take(worker, ups, ups_films):
    read_in_part(worker, ups, ups_films)
    with worker.journal.transaction() as database:  # long ago
        database.execute("UPDATE made SET made_at = made_at - 3000")
        database.execute("UPDATE work_items SET claimed_at = claimed_at - 3000")
    worker.look()
    assert worker.state() == ("reading", None), "only one result is there, which needs no joint reading"
    worker.read_film("ARCHIVE", uid=f"{RESULT}.2", version=2)
    worker.send()
    worker.look()
    assert worker.state() == ("completed", None)
    [output] = ups.items[UID][PERFORMED]["Value"][0]["00404033"]["Value"]
    reference = output["00081199"]["Value"][0]["00081155"]["Value"]
    assert reference == [f"{RESULT}.2"], "the first version was superseded"


def test_a_study_whose_case_is_looked_at_no_more_completes_an_item(worker, ups, ups_films):
    read_in_part(worker, ups, ups_films)
    with worker.journal.transaction() as database:
        studies.schedule_look(database, STUDY, None)
    worker.look()
    assert worker.state() == ("completed", None)


def test_results_of_all_studies_are_named(worker, ups, ups_films, make_film):
    other = make_film("RMLO", StudyInstanceUID="1.2.3.77")
    serve_film(ups, other)
    ups.items[UID] = work_item(UID, [*ups_films, other])
    worker.look()
    worker.look()
    worker.read_film("ARCHIVE")
    worker.send()
    worker.look()
    assert worker.state() == ("reading", None), "until the second one is read as well"
    worker.read_film("ARCHIVE", study="1.2.3.77", uid=f"{RESULT}.2")
    worker.send()
    worker.look()
    outputs = ups.items[UID][PERFORMED]["Value"][0]["00404033"]["Value"]
    assert [each["0020000D"]["Value"] for each in outputs] == [[STUDY], ["1.2.3.77"]]
