"""The queues of the report service, which no worker of a modality may consume."""

REPORT_QUEUE = "report"
PICTURE_QUEUE = "pictures"
"""Pictures for a user who is looking at a page.

The report service takes from this queue and its main queue in turn, so that no preview waits behind the reports of a
batch.
"""
