"""The report: what a results folder holds, looked at, and put as sections for MultiQC."""

import sys
from types import ModuleType

# matplotlib imports its 3D axes, a tenth of a command's start, and does without where there are none.
_no_3d = ModuleType("mpl_toolkits.mplot3d")
_no_3d.Axes3D = None  # type: ignore[attr-defined]
sys.modules.setdefault(_no_3d.__name__, _no_3d)
