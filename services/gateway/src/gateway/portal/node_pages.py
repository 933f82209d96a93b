"""The administrator's page of DICOM nodes: whom they speak with, what waits, and tests of connections."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gateway.clock import now
from gateway.database import DbSession
from gateway.nodes import repository
from gateway.nodes.schemas import NodeRead
from gateway.portal.admin_pages import PortalAdmin
from gateway.portal.pages import render

router = APIRouter(include_in_schema=False)

_SILENT_S = 180
_SHOWN_TASKS = 10


@router.get("/admin/nodes", response_class=HTMLResponse)
def nodes_page(request: Request, user: PortalAdmin, session: DbSession) -> HTMLResponse:
    """The nodes that have reported, each with its peers, rules, dead letters and last associations."""
    shown = [
        {
            "node": NodeRead.of(node),
            "silent": (now() - node.reported_at).total_seconds() > _SILENT_S,
            "tasks": repository.last_tasks(session, node.user_id, _SHOWN_TASKS),
        }
        for node in repository.every(session)
    ]
    return render(request, "admin_nodes.html", user, nodes=shown)
