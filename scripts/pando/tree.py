# SPDX-License-Identifier: MIT
"""Where things are: the checkout, and what is built of it: in build, unless PANDO_BUILD names another directory."""
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("PANDO_BUILD") or os.path.join(ROOT, "build")
