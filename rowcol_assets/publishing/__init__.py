"""Publishing: the files BI reads, one folder per advisor, holding what that advisor may see and nothing else.

`publish` makes them from the warehouse, `reader` opens one. BI never opens the warehouse: a reader there would shut the
writer out.
"""

from rowcol_assets.publishing.publish import publish
from rowcol_assets.publishing.reader import open_published
from rowcol_assets.publishing.report import Generation, PublishError, PublishReport

__all__ = ["Generation", "PublishError", "PublishReport", "open_published", "publish"]
