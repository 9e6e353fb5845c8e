"""Publishing: the files BI reads, one folder per advisor, holding what that advisor may see and nothing else.

`publish` makes them from the warehouse, `reader` opens one. BI never opens the warehouse: a reader there would shut the
writer out.
"""

from rowcol_assets.publishing.publish import Generation, PublishError, PublishReport, publish
from rowcol_assets.publishing.reader import open_published

__all__ = ["Generation", "PublishError", "PublishReport", "open_published", "publish"]
