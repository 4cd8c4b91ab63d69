"""The scripts that `keras bench --against` carries in its binary, used from the one place where they are."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "Sources" / "KerasTool" / "Peers"
sys.path.insert(0, str(FOLDER))

import twin  # noqa: E402,F401
