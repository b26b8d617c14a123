"""Everything in the repository that rests on the model, made anew: `make results`.

A step makes some pages, figures or tables. It is done again only if the edition of the model or one of its
inputs is another, or if what it made is not there any more. `docs/results/manifest.json` says of each file
which step made it, with which edition; a test fails on a file of an older one.
"""

from .freshness import stale, unread
from .inventory import PROSE, STATIC
from .manifest import MANIFEST, read_manifest
from .run import publish
from .step import Place, Step
from .steps import all_steps

__all__ = [
    "MANIFEST",
    "PROSE",
    "STATIC",
    "Place",
    "Step",
    "all_steps",
    "publish",
    "read_manifest",
    "stale",
    "unread",
]
