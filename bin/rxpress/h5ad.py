"""AnnData's file format written with h5py alone, since importing anndata takes seconds.

The format is described in anndata's documentation, "On-disk format" (encoding versions of anndata 0.8 and
later). The same data give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

if TYPE_CHECKING:
    import pandas as pd


def write_h5ad(
    path: Path, matrix: np.ndarray, layers: Mapping[str, np.ndarray], obs: pd.DataFrame, var: pd.DataFrame
) -> None:
    """Write an AnnData file.

    matrix, layers : (samples, genes); obs, var : a row per sample and per gene, named by their index. Text
    columns that repeat values become categories, as anndata itself stores them.
    """
    with h5py.File(path, "w") as file:
        _encode(file, "anndata", "0.1.0")
        _write_array(file, "X", matrix)
        _write_frame(file, "obs", obs)
        _write_frame(file, "var", var)
        group = _group(file, "layers", "dict", "0.1.0")
        for name, values in layers.items():
            _write_array(group, name, values)
        for name in ("obsm", "varm", "obsp", "varp", "uns"):
            _group(file, name, "dict", "0.1.0")


def _encode(item: h5py.Group | h5py.Dataset, kind: str, version: str) -> None:
    item.attrs["encoding-type"] = kind
    item.attrs["encoding-version"] = version


def _group(parent: h5py.Group, name: str, kind: str, version: str) -> h5py.Group:
    group = parent.create_group(name, track_order=False)
    _encode(group, kind, version)
    return group


def _write_array(parent: h5py.Group, name: str, values: np.ndarray) -> None:
    """Times of writing are not kept, so that bytes repeat."""
    _encode(parent.create_dataset(name, data=values, track_times=False), "array", "0.2.0")


def _write_text(parent: h5py.Group, name: str, values: np.ndarray) -> None:
    dataset = parent.create_dataset(name, data=values, dtype=h5py.string_dtype(), track_times=False)
    _encode(dataset, "string-array", "0.2.0")


def _write_frame(parent: h5py.Group, name: str, frame: pd.DataFrame) -> None:
    group = _group(parent, name, "dataframe", "0.2.0")
    group.attrs["_index"] = "_index"
    group.attrs.create("column-order", list(frame.columns), dtype=h5py.string_dtype())
    _write_text(group, "_index", frame.index.to_numpy(object))
    for column, values in frame.items():
        if values.dtype == object and values.is_unique and values.notna().all():
            _write_text(group, str(column), values.to_numpy())
        elif values.dtype == object:
            _write_categories(group, str(column), values)
        else:
            _write_array(group, str(column), values.to_numpy())


def _write_categories(parent: h5py.Group, name: str, values: pd.Series) -> None:
    """Text as codes of its sorted values; -1 is missing."""
    categories = values.astype("category").cat
    group = _group(parent, name, "categorical", "0.2.0")
    group.attrs["ordered"] = False
    _write_array(group, "codes", categories.codes.to_numpy())
    _write_text(group, "categories", categories.categories.to_numpy(object))
