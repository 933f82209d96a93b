"""`/api/v1/nodes`: DICOM nodes report here and are asked for tasks; administrators see how they stand."""

from collections.abc import Sequence

from fastapi import APIRouter, Request

from gateway.audit.service import record
from gateway.auth.dependencies import AdminUser, CurrentUser
from gateway.clock import now
from gateway.database import DbSession
from gateway.errors import ProblemError, not_found, responses
from gateway.nodes import repository
from gateway.nodes.models import Node, Task
from gateway.nodes.schemas import NodeRead, TaskCreate, TaskRead
from gateway.users.repository import lock_user
from lobule.contracts.node import NodeExchange, NodeTask, NodeTasks

router = APIRouter(prefix="/api/v1/nodes", tags=["nodes"])

_MOST_OPEN, _KEPT = 20, 200


@router.post("/report", responses=responses(401, 403, 413, 422))
def report_node(body: NodeExchange, user: CurrentUser, session: DbSession) -> NodeTasks:
    """Receive the status of a DICOM node; the response contains its new tasks. For service accounts."""
    node = repository.find(session, user.id) or Node(user_id=user.id)
    node.report, node.reported_at = body.report.model_dump(mode="json"), now()
    session.add(node)
    session.flush()
    for outcome in body.outcomes:
        task = repository.task(session, user.id, outcome.id)
        if task is not None and task.ended_at is None:
            task.outcome, task.ended_at = outcome.code, now()
    asked = repository.open_tasks(session, user.id, _MOST_OPEN)
    for task in asked:
        task.taken_at = now()
    return NodeTasks(tasks=[NodeTask(id=task.id, kind=task.kind, peer=task.peer) for task in asked])


@router.get("", responses=responses(401, 403))
def list_nodes(_admin: AdminUser, session: DbSession) -> list[NodeRead]:
    """List the DICOM nodes that have reported, with their last reports."""
    return [NodeRead.of(node) for node in repository.every(session)]


@router.delete("/{node_id}", status_code=204, responses=responses(401, 403, 404))
def forget_node(node_id: str, admin: AdminUser, session: DbSession, request: Request) -> None:
    """Delete a node's report and tasks. If it reports again, it is listed again."""
    node = _node(session, node_id)
    record(session, request, admin, "node.forget", "user", node.user_id)
    repository.forget(session, node)


@router.post("/{node_id}/tasks", status_code=202, response_model=TaskRead, responses=responses(401, 403, 404, 409, 422))
def ask_node(node_id: str, body: TaskCreate, admin: AdminUser, session: DbSession, request: Request) -> Task:
    """Give a node a task. The node takes it with its next report, within seconds; read the task for its outcome."""
    node = _node(session, node_id)
    if body.peer not in {peer["name"] for peer in node.report["peers"]}:
        raise not_found("peer")
    lock_user(session, node.user_id)  # two requests at once do not share the last place
    if len(repository.open_tasks(session, node.user_id, _MOST_OPEN)) >= _MOST_OPEN:
        raise ProblemError(409, "node_busy")
    task = Task(user_id=node.user_id, kind=body.kind, peer=body.peer, asked_by=admin.username)
    session.add(task)
    session.flush()
    repository.forget_tasks(session, node.user_id, _KEPT)
    record(session, request, admin, "node.ask", "user", node.user_id, {"kind": body.kind, "peer": body.peer})
    return task


@router.get("/{node_id}/tasks", response_model=list[TaskRead], responses=responses(401, 403, 404))
def list_node_tasks(node_id: str, _admin: AdminUser, session: DbSession) -> Sequence[Task]:
    """List the last tasks of a node, newest first."""
    return repository.last_tasks(session, _node(session, node_id).user_id, 50)


@router.get("/{node_id}/tasks/{task_id}", response_model=TaskRead, responses=responses(401, 403, 404))
def read_node_task(node_id: str, task_id: str, _admin: AdminUser, session: DbSession) -> Task:
    """Return a task with its outcome."""
    task = repository.task(session, _node(session, node_id).user_id, task_id)
    if task is None:
        raise not_found("task")
    return task


def _node(session: DbSession, node_id: str) -> Node:
    node = repository.find(session, node_id)
    if node is None:
        raise not_found("node")
    return node
