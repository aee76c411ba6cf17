"""The one reader and writer of tables: TSV (CSV is read too), matrices, JSON, YAML and parquet.

Tables are UTF-8 with one header line, `NA` for missing, `.` as decimal mark; floats are written so that they
read back equal. Gene tables carry `gene_id` and `gene_name` first.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rxpress.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd

MISSING = "NA"
GENE_COLUMNS = ("gene_id", "gene_name")


@dataclass(frozen=True)
class GeneMatrix:
    """Values of genes in samples.

    `gene_ids`, `gene_names` : (genes,) text; `samples` : names of columns; `values` : (genes, samples) floats.
    """

    gene_ids: np.ndarray
    gene_names: np.ndarray
    samples: list[str]
    values: np.ndarray

    def select(self, samples: Sequence[str]) -> GeneMatrix:
        """The columns of `samples`, in that order; KeyError names those that are not there."""
        position = {name: i for i, name in enumerate(self.samples)}
        missing = [name for name in samples if name not in position]
        if missing:
            raise KeyError(", ".join(missing))
        columns = [position[name] for name in samples]
        return GeneMatrix(self.gene_ids, self.gene_names, list(samples), self.values[:, columns])


def read_text(path: str | Path) -> str:
    """Text of a file, plain or gzipped whatever its name says, without byte-order mark, lines ended by \\n."""
    data = Path(path).read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(Problem("is not UTF-8 text", "save it as UTF-8", Path(path).name, line)) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_rows(path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and rows of a CSV or TSV (told by its header line) as text, each row with its line number.

    Blank lines are passed over; cells are stripped. Ragged rows are returned as they are.
    """
    text = read_text(path)
    first = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = "\t" if "\t" in first else ";" if ";" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    header: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if header:
            rows.append((reader.line_num, cells))
        else:
            header = cells
    return header, rows


def read_table(path: str | Path, text: Sequence[str] = ()) -> pd.DataFrame:
    """A table of ours with column types inferred; only `NA` and empty cells are missing.

    Columns named in `text` stay text. (A sample may be called `1` and a gene `NAN`.)
    """
    import pandas as pd

    return pd.read_csv(
        path, sep="\t", keep_default_na=False, na_values=[MISSING, ""], dtype={name: str for name in text},
        float_precision="round_trip",
    )


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table as TSV: no index, `NA` for missing, floats at full precision."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, sep="\t", index=False, na_rep=MISSING, lineterminator="\n")


def read_matrix(path: str | Path) -> GeneMatrix:
    """A gene table of ours: `gene_id`, `gene_name`, then one column of numbers per sample."""
    frame = read_table(path, text=GENE_COLUMNS)
    samples = [name for name in frame.columns if name not in GENE_COLUMNS]
    ids = frame["gene_id"].to_numpy(str)
    names = frame["gene_name"].fillna(frame["gene_id"]).to_numpy(str) if "gene_name" in frame else ids
    return GeneMatrix(ids, names, samples, frame[samples].to_numpy(float))


def write_matrix(matrix: GeneMatrix, path: str | Path) -> None:
    """Write a gene table; the counterpart of `read_matrix`."""
    import pandas as pd

    genes = pd.DataFrame({"gene_id": matrix.gene_ids, "gene_name": matrix.gene_names})
    write_table(pd.concat([genes, pd.DataFrame(matrix.values, columns=matrix.samples)], axis=1), path)


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(value: Mapping[str, Any] | Sequence[Any], path: str | Path) -> None:
    """Write JSON, indented, keys in the order given, NaN refused."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_yaml(path: str | Path) -> Any:
    """The value of a YAML file; a syntax error is an InputError with its line."""
    import yaml

    try:
        return yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise InputError(Problem("is not valid YAML", "check indentation and colons", Path(path).name, line)) from None


def write_records(header: Sequence[str], rows: Sequence[Sequence[object]], path: str | Path) -> None:
    """Write a small table without importing pandas: one row per sequence, None as `NA`."""
    lines = [header, *([MISSING if cell is None else cell for cell in row] for row in rows)]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join("\t".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")


def read_yaml_lines(path: str | Path) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """A YAML file with every scalar as the text that stands there, and the line of each value by its path of keys.

    (YAML would make a boolean of a batch called `no`.) A syntax error or a repeated key is an InputError.
    """
    import yaml

    read_yaml(path)
    lines: dict[tuple[str | int, ...], int] = {}

    def walk(node: yaml.Node, where: tuple[str | int, ...]) -> Any:
        lines[where] = min(node.start_mark.line + 1, lines.get(where, node.start_mark.line + 1))
        if isinstance(node, yaml.SequenceNode):
            return [walk(item, (*where, i)) for i, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return node.value
        value: dict[str, Any] = {}
        for key, item in node.value:
            line = lines[(*where, key.value)] = key.start_mark.line + 1
            if key.value in value:
                raise InputError(Problem(f"'{key.value}' stands here twice", "remove one", Path(path).name, line))
            value[key.value] = walk(item, (*where, key.value))
        return value

    root = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    return (walk(root, ()), lines) if root else (None, lines)
