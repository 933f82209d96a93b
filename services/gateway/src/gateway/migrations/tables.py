"""Every module that defines tables, imported so that the metadata contains them all."""

from gateway.audit import models as audit
from gateway.auth import models as auth
from gateway.auth.second_factor import models as second_factor
from gateway.cases import models as cases
from gateway.dicomweb import models as dicomweb
from gateway.emergency import models as emergency
from gateway.groups import models as groups
from gateway.idempotency import models as idempotency
from gateway.images import models as images
from gateway.jobs import models as jobs
from gateway.modalities import models as modalities
from gateway.names import models as names
from gateway.nodes import models as nodes
from gateway.reader_findings import models as reader_findings
from gateway.reports import models as reports
from gateway.reviews import models as reviews
from gateway.users import models as users
from gateway.webhooks import models as webhooks

TABLES = (
    audit,
    auth,
    cases,
    dicomweb,
    emergency,
    groups,
    idempotency,
    images,
    jobs,
    modalities,
    names,
    nodes,
    reader_findings,
    reports,
    reviews,
    second_factor,
    users,
    webhooks,
)
