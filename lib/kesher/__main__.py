"""``python -m kesher``: the command line."""

import sys

from kesher.cli import main

sys.exit(main())
