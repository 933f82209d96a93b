"""Queries on webhooks and their deliveries."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from gateway.auth.models import ApiToken
from gateway.clock import now, shared_now
from gateway.users.models import User
from gateway.webhooks.models import Delivery, Webhook


def of_owner(session: Session, owner_id: str) -> Sequence[Webhook]:
    """A user's webhooks, oldest first."""
    query = select(Webhook).where(Webhook.owner_id == owner_id)
    return session.scalars(query.order_by(Webhook.created_at, Webhook.id)).all()


def visible(session: Session, user: User, webhook_id: str) -> Webhook | None:
    """A webhook of this user's."""
    return session.scalar(select(Webhook).where(Webhook.id == webhook_id, Webhook.owner_id == user.id))


def deliveries(session: Session, webhook_id: str, limit: int) -> Sequence[Delivery]:
    """A webhook's newest messages."""
    query = select(Delivery).where(Delivery.webhook_id == webhook_id)
    return session.scalars(query.order_by(Delivery.created_at.desc(), Delivery.id).limit(limit)).all()


def delivery(session: Session, delivery_id: str) -> Delivery | None:
    """One message."""
    return session.get(Delivery, delivery_id)


def waiting_test(session: Session, webhook_id: str) -> Delivery | None:
    """The test message of a webhook that is not delivered yet."""
    is_test = Delivery.payload["type"].as_string() == "webhook.test"
    query = select(Delivery).where(Delivery.webhook_id == webhook_id, Delivery.state == "pending", is_test)
    return session.scalar(query.limit(1))


def still_leased(session: Session, taken: Delivery) -> Delivery | None:
    """A message that was taken, as it and its webhook are now; None if it is no longer to be sent under its lease.

    That is so where the webhook was deleted or has ended, and where the message was taken anew since.
    """
    query = select(Delivery).where(Delivery.webhook_id.not_in(_ended().with_only_columns(Webhook.id)))
    ours = (Delivery.id == taken.id, Delivery.state == "pending", Delivery.attempts == taken.attempts)
    return session.scalar(query.where(*ours))


def delete(session: Session, webhook: Webhook) -> None:
    """Delete a webhook with its messages."""
    session.delete(webhook)


def delete_ended(session: Session) -> None:
    """Delete the webhooks that have ended, with their messages."""
    for webhook in session.scalars(_ended()):
        session.delete(webhook)
    session.flush()


def _ended() -> Select[Webhook]:
    """Webhooks of users who were deactivated or lost all access since, and of API tokens that are over."""
    query = select(Webhook).join(User, User.id == Webhook.owner_id)
    query = query.outerjoin(ApiToken, ApiToken.id == Webhook.token_id)
    lost = or_(User.active.is_(False), Webhook.created_at <= User.access_ended_at)
    return query.where(or_(lost, ApiToken.revoked_at.is_not(None), ApiToken.expires_at <= now()))


def take_due(
    session: Session, lease: timedelta, of_each: int, webhooks: int, of_owner: int, without: Collection[str] = ()
) -> Sequence[Delivery]:
    """Messages to be sent now; no other gateway takes them during the lease.

    Args:
        session: The transaction.
        lease: Duration of the lease.
        of_each: Largest number of messages of one webhook.
        webhooks: Largest number of webhooks; those that have waited longest come first.
        of_owner: Largest number of webhooks of one user whose messages are sent at a time.
        without: Webhooks whose messages are being sent.
    """
    at = shared_now(session)
    waits = (Delivery.state == "pending", Delivery.next_at <= at)
    # Of each webhook the index is asked for its first message: ranking all that wait took seconds for 100,000.
    first = select(func.min(Delivery.next_at)).where(Delivery.webhook_id == Webhook.id, *waits).scalar_subquery()
    firsts = select(Webhook.id, Webhook.owner_id, first.label("next_at")).where(Webhook.id.not_in(without)).subquery()
    waiting = select(firsts.c.id, firsts.c.owner_id).where(firsts.c.next_at.is_not(None))
    in_order = session.execute(waiting.order_by(firsts.c.next_at, firsts.c.id)).all()
    places = Counter(session.scalars(select(Webhook.owner_id).where(Webhook.id.in_(without))))
    due: list[Delivery] = []
    for webhook_id in _chosen([(row[0], row[1]) for row in in_order], webhooks, of_owner, places):
        of_one = select(Delivery).where(Delivery.webhook_id == webhook_id, *waits)
        next_ones = of_one.order_by(Delivery.next_at, Delivery.id).limit(of_each)
        due += session.scalars(next_ones.with_for_update(skip_locked=True, of=Delivery))
    due.sort(key=lambda delivery: (delivery.next_at, delivery.id))
    for delivery in due:
        delivery.next_at = at + lease
        delivery.attempts += 1
    return due


def _chosen(waiting: Iterable[tuple[str, str]], most: int, of_owner: int, places: Counter[str]) -> list[str]:
    """The first webhooks of those that wait, each given with its owner; of one owner no more than may be at a time."""
    chosen: list[str] = []
    for webhook_id, owner_id in waiting:
        if len(chosen) == most:
            break
        if places[owner_id] < of_owner:
            places[owner_id] += 1
            chosen.append(webhook_id)
    return chosen
