"""All sentences for users, in one gettext catalogue per language.

Contracts and API answers contain codes and values, which portal, report and command line turn into sentences. The
sentences are in `locale/<language>/LC_MESSAGES/lobule.po` under stable keys, such as `errors.empty_file`
(docs/adr/0007-one-catalogue-of-sentences.md). `python -m lobule.words` keeps the files in order.
"""

from lobule.words.counting import counted
from lobule.words.notices import make_notice
from lobule.words.words import Words

__all__ = ["Words", "counted", "make_notice"]
