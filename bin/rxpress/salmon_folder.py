"""What a Salmon output folder holds: `quant.sf`, the hash of its index, and inferential replicates."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rxpress.errors import InputError, Problem
from rxpress.quantification import Estimates
from rxpress.tables import read_columns, read_json

if TYPE_CHECKING:
    import pyarrow as pa

QUANT_NAMES = ("quant.sf", "quant.sf.gz")
RUN_INFO = "meta_info.json"


@dataclass(frozen=True)
class Quant:
    """One sample's quant.sf: transcript ids, estimates as (transcripts,) arrays, and which file it was."""

    transcript_ids: pa.StringArray
    estimates: Estimates
    file: str
    size: int
    sha256: str


def salmon_folder(path: Path) -> Path:
    """The Salmon folder that `path` is, or that the quant.sf at `path` lies in."""
    return path.parent if path.name in QUANT_NAMES and path.is_file() else path


def read_quant(folder: Path, sample: str) -> Quant:
    """Read a sample's `quant.sf` or `quant.sf.gz`; InputError when there is none or it is damaged."""
    path = next((folder / name for name in QUANT_NAMES if (folder / name).is_file()), None)
    if path is None:
        what = f"sample {sample}: no quant.sf in it"
        raise InputError(Problem(what, "give the output folder of `salmon quant`", str(folder)))
    data = path.read_bytes()
    file = f"{sample}/{path.name}"
    numbers = ["EffectiveLength", "TPM", "NumReads"]
    table = read_columns(data, file, text=["Name"], numbers=numbers, quoted=False)
    values = {name: table[name].to_numpy() for name in numbers}
    broken = [name for name, column in values.items() if not np.isfinite(column.sum())]
    if broken or not table.num_rows:
        what = f"'{broken[0]}' has values that are not numbers" if broken else "holds no transcripts"
        raise InputError(Problem(what, "quantify the sample again", file))
    if any((column < 0).any() for column in values.values()):
        raise InputError(Problem("has values below 0", "quantify the sample again", file))
    if not values["NumReads"].any():
        raise InputError(Problem("has no read of any transcript", "leave this sample away", file))
    estimates = Estimates(values["NumReads"], values["TPM"], values["EffectiveLength"])
    ids = table["Name"].combine_chunks()
    return Quant(ids, estimates, file, len(data), hashlib.sha256(data).hexdigest())


def index_hash(folder: Path) -> str:
    """The hash of the transcripts that the sample was quantified against; '' when Salmon did not say."""
    return str(_run_info(folder).get("index_seq_hash", ""))


def _run_info(folder: Path) -> dict[str, Any]:
    path = _aux_folder(folder) / RUN_INFO
    return _read_information(path) if path.is_file() else {}


def _read_information(path: Path) -> dict[str, Any]:
    try:
        return dict(read_json(path))
    except (ValueError, TypeError, RecursionError):
        raise InputError(Problem("is damaged", "quantify the sample again", str(path))) from None


def _aux_folder(folder: Path) -> Path:
    command = folder / "cmd_info.json"
    named = _read_information(command).get("auxDir") if command.is_file() else None
    return folder / str(named or "aux_info")


def replicate_count(folder: Path) -> int:
    """How many inferential replicates (bootstraps or Gibbs samples) the folder holds."""
    held = (_aux_folder(folder) / "bootstrap" / "bootstraps.gz").is_file()
    told = _run_info(folder).get("num_bootstraps", 0)
    if not isinstance(told, int) or told < 0:
        what = f"'num_bootstraps' is '{told}', not a number"
        raise InputError(Problem(what, "quantify the sample again", str(_aux_folder(folder) / RUN_INFO)))
    return told if held else 0


def read_replicates(folder: Path, transcript_ids: pa.StringArray) -> Iterator[np.ndarray]:
    """The inferential replicates, one (transcripts,) array of counts at a time, in the order of quant.sf.

    InputError when the file is of other transcripts or ends early.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    bootstrap = _aux_folder(folder) / "bootstrap"
    file = f"{folder.name}/{bootstrap.parent.name}/bootstrap/bootstraps.gz"
    with gzip.open(bootstrap / "names.tsv.gz") as names:
        line = pa.ListArray.from_arrays(pa.array([0, len(transcript_ids)], pa.int32()), transcript_ids)
        expected = pc.binary_join(line, "\t")[0].as_py().encode()
        if names.read(len(expected) + 2).rstrip(b"\n") != expected:
            raise InputError(Problem("is of other transcripts than quant.sf", "quantify again", file))
    with gzip.open(bootstrap / "bootstraps.gz") as stream:
        for _ in range(replicate_count(folder)):
            try:
                data = stream.read(8 * len(transcript_ids))
                yield np.frombuffer(data, "<f8", count=len(transcript_ids))
            except (EOFError, ValueError, gzip.BadGzipFile):
                raise InputError(Problem("ends early", "quantify the sample again", file)) from None
