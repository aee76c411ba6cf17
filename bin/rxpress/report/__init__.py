"""The report: what a results folder holds, looked at, and put as sections for MultiQC."""

import sys
from types import ModuleType

# What a command's start need not wait for: matplotlib imports its 3D axes, pandas looks whether there is
# pyarrow, each a tenth of it. Both do without, and pyarrow can still be imported afterwards.
_no_3d = ModuleType("mpl_toolkits.mplot3d")
_no_3d.Axes3D = None  # type: ignore[attr-defined]
sys.modules.setdefault(_no_3d.__name__, _no_3d)
if "pyarrow" not in sys.modules:
    sys.modules["pyarrow"] = None  # type: ignore[assignment]
    try:
        import pandas  # noqa: F401
    finally:
        del sys.modules["pyarrow"]
