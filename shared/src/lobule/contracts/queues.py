"""The queues of the report service, from which no worker of a modality may take."""

REPORT_QUEUE = "report"
PICTURE_QUEUE = "pictures"
"""Pictures for somebody who looks at a page. The report service takes from this and from its own queue in turn, so that
no preview waits behind the reports of a batch."""
