"""Makes the report of the node's state."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from dicom_node.journal import commitments, outgoing, priors, received, studies, work_items
from dicom_node.peers import parse_destinations, parse_message_places, parse_stow_places
from dicom_node.priors.peers import Peer
from dicom_node.privacy import without_password
from dicom_node.routing import ATTRIBUTES, Routing, Rule
from dicom_node.settings import FHIR, GATEWAY, NodeSettings, is_called_over_tls, recipients
from dicom_node.worklist.performer import Performer
from lobule import __version__
from lobule.contracts.node import (
    MOST_DEAD,
    MOST_FILMS,
    MOST_WORK_ITEMS,
    AssociationNote,
    DeadLetter,
    FilmNote,
    NodePeer,
    NodeReport,
    NodeRule,
    NodeWorklist,
    PeerProtocol,
    WorkItemNote,
)


def make_report(
    database: sqlite3.Connection,
    settings: NodeSettings,
    routing: Routing,
    prior_peers: Sequence[Peer],
    performer: Performer | None,
    *,
    started_at: datetime,
    free_bytes: int,
    associations: Sequence[AssociationNote],
) -> NodeReport:
    """Make the report.

    Args:
        database: The journal, to read from.
        settings: The node's settings.
        routing: The rules of the site.
        prior_peers: Systems that are asked for priors.
        performer: Performer of work items; None if the node performs none.
        started_at: Time at which the node was started.
        free_bytes: Free space of the node's disk.
        associations: The last associations.
    """
    return NodeReport(
        ae_title=settings.dicom_ae_title,
        version=__version__,
        started_at=started_at,
        free_bytes=free_bytes,
        collecting=studies.counts(database).get("collecting", 0),
        waiting=received.counts(database).get("waiting", 0),
        peers=[
            *_destinations(database, settings),
            *_commitment_peers(database, settings),
            *_priors(database, prior_peers),
        ],
        rules=[_rule(each) for each in routing.rules],
        dead=[_dead(row) for row in outgoing.dead_letters(database, MOST_DEAD)],
        associations=list(associations),
        films=[_film(row) for row in received.undelivered(database, MOST_FILMS)],
        worklist=None if performer is None else _worklist(database, settings, performer),
    )


def _worklist(database: sqlite3.Connection, settings: NodeSettings, performer: Performer) -> NodeWorklist:
    return NodeWorklist(
        address=short(without_password(settings.dicom_ups_url)),
        searched_at=performer.searched_at,
        problem=performer.problem,
        open=len(work_items.open_items(database)),
        items=[
            WorkItemNote(
                case=row["pseudonym"],
                state=row["state"],
                claimed_at=datetime.fromtimestamp(row["claimed_at"], UTC),
                attempts=row["attempts"],
                problem=row["problem"] and short(row["problem"]),
            )
            for row in work_items.last_items(database, MOST_WORK_ITEMS)
        ],
    )


def _destinations(database: sqlite3.Connection, settings: NodeSettings) -> Iterable[NodePeer]:
    counts, answers = outgoing.counts_by_destination(database), commitments.counts_by_caller(database)
    answered_elsewhere = {each.ae_title for each in parse_destinations(settings.dicom_commitment_peers)}
    places = {each.ae_title: f"{each.host}:{each.port}" for each in parse_destinations(settings.dicom_destinations)}
    plain = {name for name in places if not is_called_over_tls(settings, name)}
    messages = parse_message_places(settings.dicom_hl7_destinations)
    plain |= {each.recipient for each in messages if not each.is_tls}
    places |= {each.recipient: f"{each.host}:{each.port}" for each in messages}
    stores = parse_stow_places(settings.dicom_stow_destinations)
    places |= {each.recipient: without_password(each.root) for each in stores}
    places |= {GATEWAY: without_password(settings.gateway_url), FHIR: without_password(settings.dicom_fhir_url)}
    for recipient in recipients(settings):
        yield NodePeer(
            name=short(recipient.name),
            protocol=_protocol(recipient.name),
            address=short(places[recipient.name]),
            is_plain=recipient.name in plain or places[recipient.name].startswith("http://"),
            roles=["destination"],
            results=sorted(recipient.kinds),
            waiting=counts.get((recipient.name, "waiting"), 0)
            + (0 if recipient.name in answered_elsewhere else answers.get(recipient.name, 0)),
            dead=counts.get((recipient.name, "dead"), 0),
        )


def short(text: str) -> str:
    """As much of a text as a report may hold. A setting that is longer is shown cut, and works nevertheless."""
    return text[:200]


def _protocol(name: str) -> PeerProtocol:
    if name in (GATEWAY, FHIR):
        return "gateway" if name == GATEWAY else "fhir"
    if name.startswith("stow:"):
        return "dicomweb"
    return "hl7" if name.startswith("hl7:") else "dicom"


def _commitment_peers(database: sqlite3.Connection, settings: NodeSettings) -> Iterable[NodePeer]:
    answers = commitments.counts_by_caller(database)
    for each in parse_destinations(settings.dicom_commitment_peers):
        place = short(f"{each.host}:{each.port}")
        yield NodePeer(
            name=f"commitment:{each.ae_title}",
            protocol="dicom",
            address=place,
            is_plain=not is_called_over_tls(settings, each.ae_title),
            roles=["commitment"],
            waiting=answers.get(each.ae_title, 0),
        )


def _priors(database: sqlite3.Connection, peers: Sequence[Peer]) -> Iterable[NodePeer]:
    counts = priors.counts_by_node(database)
    for peer in peers:
        yield NodePeer(
            name=short(f"priors:{peer.name}"),
            protocol="dicomweb" if peer.name.startswith("http") else "dicom",
            address=short(peer.name),
            is_plain=peer.is_plain,
            roles=["priors"],
            waiting=counts.get((peer.name, "waiting"), 0),
            dead=counts.get((peer.name, "dead"), 0),
        )


def _rule(rule: Rule) -> NodeRule:
    patterns = {name: getattr(rule, name) for name in (*ATTRIBUTES, "calling_ae")}
    return NodeRule(
        name=rule.name,
        action=rule.action,
        status=rule.status,
        patterns={name: short(pattern) for name, pattern in patterns.items() if pattern is not None},
    )


def _dead(row: sqlite3.Row) -> DeadLetter:
    return DeadLetter(
        kind=row["kind"],
        version=row["version"],
        case=row["pseudonym"],
        recipient=short(row["destination"]),
        problem=short(row["problem"] or ""),
        attempts=row["attempts"],
        made_at=datetime.fromtimestamp(row["made_at"], UTC),
    )


def _film(row: sqlite3.Row) -> FilmNote:
    return FilmNote(
        case=row["pseudonym"],
        calling_ae=short(row["calling_ae"]),
        received_at=datetime.fromtimestamp(row["received_at"], UTC),
        state=row["state"],
        problem=short(row["problem"]),
    )
