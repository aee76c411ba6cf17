"""The one reader and writer of tables: TSV (CSV is read too), matrices, JSON, YAML and parquet.

Tables are UTF-8 with one header line, `NA` for missing, `.` as decimal mark; floats are written so that they
read back equal. Gene tables carry `gene_id` and `gene_name` first. A text that a spreadsheet would take for a
formula is written with a `'` before it.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rxpress.errors import InputError, Problem

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MISSING = "NA"
GENE_COLUMNS = ("gene_id", "gene_name")
BLOCK_SIZE = 1 << 18  # bytes parsed at a time: what the processor's cache holds
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx (any zip), xls
# Gzip makes tables a tenth or twentieth as large; what shrinks to a hundredth is made to fill memory.
LARGEST_TABLE, LIKELY_RATIO = 1 << 28, 100
FORMULA_MARKS = "=+-@"
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
SAMPLE_NUMBERS = ("dose_nM", "time_h", "rin", "purity", "reads", "percent_mapped")


@dataclass(frozen=True)
class GeneMatrix:
    """Values of genes in samples.

    `gene_ids`, `gene_names` : (genes,) text; `samples` : names of columns; `values` : (genes, samples).
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


def read_text(path: str | Path, fallback: str = "") -> str:
    """Text of a file, plain or gzip whatever its name says, without byte-order mark, lines ended by \\n.

    With a `fallback` (files of instruments) UTF-16 is read too, and what is neither by that encoding; without
    one, what is not UTF-8 is an InputError.
    """
    data = _unzipped(Path(path).read_bytes(), Path(path).name)
    utf_16 = fallback and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        if data.startswith(SPREADSHEETS):
            what, fix = "is a spreadsheet or zip file, not text", "save its sheet as CSV or TSV"
            raise InputError(Problem(what, fix, Path(path).name)) from None
        if not fallback:
            raise InputError(
                Problem("is not UTF-8 text", "save it as UTF-8", Path(path).name, line)
            ) from None
        text = data.decode(fallback, errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would take a text for a formula (CWE-1236); a number with a sign is none."""
    return cell[:1] in FORMULA_MARKS and NUMBER.fullmatch(cell) is None and cell not in FORMULA_MARKS


def harmless(cell: Any) -> Any:
    """A cell as it is written: text that would be a formula has a `'` before it, which makes it text."""
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell


def _unzipped(data: bytes, file: str) -> bytes:
    """`data`, decompressed if it is gzip; InputError when that is damaged, or a bomb."""
    if data[:2] != b"\x1f\x8b":
        return data
    most = max(LARGEST_TABLE, len(data) * LIKELY_RATIO)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            text = stream.read(most + 1)
    except (OSError, EOFError, zlib.error):
        raise InputError(Problem("is damaged gzip", "get the file again", file)) from None
    if len(text) > most:
        what = f"is gzip of {len(data):,} bytes that becomes more than {most:,}"
        raise InputError(Problem(what, "look what is in it, and give it as text", file))
    return text


def read_rows(path: str | Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and rows of a CSV or TSV (told by its header line) as text, each row with its line number.

    Blank lines are passed over; cells are stripped. Ragged rows are returned as they are.
    """
    return rows_of(read_text(path), Path(path).name)


def rows_of(
    text: str, file: str, above: int = 0, quoted: bool = True
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """`read_rows` of a table in the text of `file`, below `above` lines; quotes are text unless `quoted`."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = delimiter_of(first)
    if not quoted:
        lines = enumerate(text.split("\n"), above + 1)
        split = [(i, [cell.strip() for cell in line.split(delimiter)]) for i, line in lines if line.strip()]
        return (split[0][1], split[1:]) if split else ([], [])
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    header: list[str] = []
    rows: list[tuple[int, list[str]]] = []
    cells: list[str] = []
    begin, end = above, above
    try:
        for cells in reader:
            begin, end = end + 1, above + reader.line_num
            cells = [cell.strip() for cell in cells]
            if any(cells) and header:
                rows.append((end, cells))
            elif any(cells):
                header = cells
    except csv.Error:  # a cell longer than csv allows
        what, fix = "a cell has no end", "look for a quote that is not closed"
        raise InputError(Problem(what, fix, file, above + reader.line_num)) from None
    if text.count('"') % 2 and any("\n" in cell for cell in cells):
        what = "a quote that begins here is not closed, and took in all lines below"
        raise InputError(Problem(what, "close it, or remove it", file, begin))
    return header, rows


def delimiter_of(header: str) -> str:
    """What parts the cells of a table, told by its header line."""
    return "\t" if "\t" in header else ";" if ";" in header and "," not in header else ","


def read_table(path: str | Path, text: Sequence[str] = ()) -> pd.DataFrame:
    """A table of ours with column types inferred; only `NA` and empty cells are missing.

    Columns named in `text` stay text. (A sample may be called `1` and a gene `NAN`.)
    """
    import pandas as pd

    return pd.read_csv(
        path,
        sep="\t",
        keep_default_na=False,
        na_values=[MISSING, ""],
        dtype=dict.fromkeys(text, str),
        float_precision="round_trip",
    )


def _make_room(path: str | Path) -> None:
    """Make the folder of a file to write. A link there is removed, so that what it leads to stays."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a table as TSV: no index, `NA` for missing, floats at full precision."""
    _make_room(path)
    for name in frame.select_dtypes(object):
        if any(str(cell)[:1] in FORMULA_MARKS for cell in frame[name].unique()):
            frame = frame.assign(**{str(name): frame[name].map(harmless)})
    frame.to_csv(path, sep="\t", index=False, na_rep=MISSING, lineterminator="\n")


def read_matrix(path: str | Path) -> GeneMatrix:
    """A gene table of ours: `gene_id`, `gene_name`, then one column of numbers per sample."""
    import pyarrow.compute as pc

    file = Path(path).name
    data = _unzipped(Path(path).read_bytes(), file)
    header = next(csv.reader([data[: data.find(b"\n")].decode().rstrip("\r")], delimiter="\t"), [])
    genes = [name for name in GENE_COLUMNS if name in header]
    samples = [name for name in header if name not in genes]
    table = read_columns(data, file, text=genes, numbers=samples, missing=[MISSING, ""])
    values = np.empty((table.num_rows, len(samples)), order="F")
    for j, sample in enumerate(samples):
        values[:, j] = table[sample].to_numpy()
    ids = table["gene_id"]
    names = pc.coalesce(table["gene_name"], ids) if "gene_name" in genes else ids
    return GeneMatrix(ids.to_numpy().astype(str), names.to_numpy().astype(str), samples, values)


def write_matrix(matrix: GeneMatrix, path: str | Path) -> None:
    """Write a gene table; the counterpart of `read_matrix`."""
    genes = dict(zip(GENE_COLUMNS, (matrix.gene_ids, matrix.gene_names), strict=True))
    write_columns(genes | dict(zip(matrix.samples, matrix.values.T, strict=True)), path)


def write_columns(columns: Mapping[str, Any], path: str | Path) -> None:
    """Write columns of equal length (arrays or lists) as TSV; for large tables, ten times as fast as pandas.

    NaN and None become `NA`. Floats are written with as many digits as read back equal.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    arrays = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    table = pa.table({name: _harmless_array(values) for name, values in arrays.items()})
    style: dict[str, Any] = {"delimiter": "\t", "null_string": MISSING, "quoting_header": "none"}
    _make_room(path)
    try:
        arrow_csv.write_csv(table, path, arrow_csv.WriteOptions(quoting_style="none", **style))
    except pa.ArrowInvalid:  # some text holds a tab or a quotation mark
        arrow_csv.write_csv(table, path, arrow_csv.WriteOptions(quoting_style="needed", **style))


def _harmless_array(cells: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if (
        not pa.types.is_string(cells.type)
        or not pc.any(pc.match_substring_regex(cells, f"^[{re.escape(FORMULA_MARKS)}]")).as_py()
    ):
        return cells
    return pa.array([harmless(cell) for cell in cells.to_pylist()])


def read_columns(
    data: bytes,
    file: str,
    text: Sequence[str] = (),
    numbers: Sequence[str] = (),
    header: bool = True,
    missing: Sequence[str] = (),
    quoted: bool = True,
) -> pa.Table:
    """Named columns of a large TSV or CSV held in memory, plain or gzip, as an Arrow table.

    `text` and `numbers` name the columns to take and their type. Without a header line they name the columns
    from the left, as far as there are any. `missing` are the cells that become null. A table where no cell
    is `quoted` is read twice as fast. InputError, with the name `file`, when a column is missing or a cell is
    no number.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    data = _unzipped(data, file)
    types = dict.fromkeys(text, pa.string()) | dict.fromkeys(numbers, pa.float64())
    first = data[: data.find(b"\n")].decode(errors="replace")
    delimiter = delimiter_of(first)
    names = list(types)
    if not header:
        width = first.count(delimiter) + 1
        names = [*names, *(f"column {i}" for i in range(len(names), width))][:width]
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            arrow_csv.ReadOptions(
                use_threads=False, column_names=None if header else names, block_size=BLOCK_SIZE
            ),
            arrow_csv.ParseOptions(delimiter=delimiter, quote_char=quoted and '"'),
            arrow_csv.ConvertOptions(
                include_columns=[name for name in names if name in types],
                column_types=types,
                null_values=missing,
                strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, KeyError) as error:
        what, fix = f"cannot be read: {error}".split("\n")[0].strip("'\""), "correct it, or make it again"
        raise InputError(Problem(what, fix, file)) from None


def write_parquet(columns: Mapping[str, Any], path: str | Path) -> None:
    """Write columns of equal length as Parquet; the same columns give the same bytes.

    The smallest and largest value of each block are not kept: they help to search sorted columns only.
    """
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
    _make_room(path)
    parquet.write_table(table, path, compression="snappy", use_dictionary=False, write_statistics=False)


def read_json(path: str | Path) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_json(value: Mapping[str, Any] | Sequence[Any], path: str | Path, *, indent: int | None = 2) -> None:
    """Write JSON, keys in the order given, NaN refused; without an indent on one line, and quickly."""
    _make_room(path)
    Path(path).write_text(json.dumps(value, indent=indent, allow_nan=False) + "\n", encoding="utf-8")


def read_yaml(path: str | Path) -> Any:
    """The value of a YAML file; a syntax error is an InputError with its line."""
    import yaml

    text = read_text(path)
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken):  # a few of them, nested, stand for more than memory holds
                what, fix = f"'*{token.value}' repeats another part", "write out what it stands for"
                raise InputError(Problem(what, fix, Path(path).name, token.start_mark.line + 1))
        return yaml.safe_load(text)
    except RecursionError:
        raise InputError(Problem("is nested too deeply", "write it flat", Path(path).name)) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise InputError(
            Problem("is not valid YAML", "check indentation and colons", Path(path).name, line)
        ) from None


def write_yaml(value: Mapping[str, Any], path: str | Path) -> None:
    """Write YAML, keys in the order given."""
    import yaml

    _make_room(path)
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000)
    Path(path).write_text(text, encoding="utf-8")


def read_records(path: str | Path) -> list[dict[str, str]]:
    """Read a small table as text without importing pandas: one `{column: cell}` per row."""
    header, rows = read_rows(path)
    return [dict(zip(header, cells, strict=True)) for _, cells in rows]


def write_records(header: Sequence[str], rows: Sequence[Sequence[object]], path: str | Path) -> None:
    """Write a small table without importing pandas: one row per sequence, None as `NA`."""
    lines = [header, *([MISSING if cell is None else harmless(cell) for cell in row] for row in rows)]
    _make_room(path)
    Path(path).write_text("".join("\t".join(map(_quoted, line)) + "\n" for line in lines), encoding="utf-8")


def _quoted(cell: object) -> str:
    """A cell as text, in quotes where it would not read back without: Nextflow does not know of them."""
    text = str(cell)
    if text.startswith('"') or any(mark in text for mark in "\t\n\r"):
        return '"' + text.replace('"', '""') + '"'
    return text


def read_yaml_lines(path: str | Path) -> tuple[Any, dict[tuple[str | int, ...], int]]:
    """A YAML file with every scalar as the text that stands there, and the line of each value by its path.

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
                raise InputError(
                    Problem(f"'{key.value}' stands here twice", "remove one", Path(path).name, line)
                )
            value[key.value] = walk(item, (*where, key.value))
        return value

    root = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
    return (walk(root, ()), lines) if root else (None, lines)


def read_samples(path: str | Path) -> pd.DataFrame:
    """A samples.tsv: its known numbers as numbers, `kept` as booleans, every other cell as the text it is."""
    header, _ = read_rows(path)
    return read_table(path, text=[name for name in header if name not in (*SAMPLE_NUMBERS, "kept")])
