"""Every sentence that people read, in one gettext catalogue for each language.

Contracts and API answers hold codes and values; portal, report and command line turn them into sentences here. The
sentences stand in `locale/<language>/LC_MESSAGES/lobule.po` by stable keys, such as `errors.empty_file`
(docs/adr/0007-one-catalogue-of-sentences.md). `python -m lobule.words` keeps the files in order.
"""

from lobule.words.notices import make_notice
from lobule.words.words import Words

__all__ = ["Words", "make_notice"]
