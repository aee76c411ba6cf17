"""Salmon folders become tables that equal R's tximport; folders that do not belong together are refused."""

import gzip
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from shutil import which

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tximport_golden import GOLDEN_STUDY, read_golden

from rxpress.errors import InputError
from rxpress.expression_tables import write_expression
from rxpress.gene_index import index_genes
from rxpress.study_quants import folders_by_sample, read_study
from rxpress.tables import read_matrix, read_samples

COMMAND = Path(__file__).parents[2] / "bin" / "merge_quants.py"
SAMPLES = [f"S{i}" for i in range(1, 7)]
GENE_TABLES = {
    "gene_counts": "counts_no",
    "gene_tpm": "tpm",
    "gene_lengths": "length",
    "gene_counts_scaled": "counts_scaledTPM",
    "gene_counts_length_scaled": "counts_lengthScaledTPM",
    "gene_inferential_variance": "variance",
}


@pytest.fixture
def quants(tmp_path) -> Path:
    """A copy of the golden study's Salmon folders, to be spoilt."""
    return Path(shutil.copytree(GOLDEN_STUDY / "quants", tmp_path / "quants"))


def merge(quants: Path, outdir: Path, tx2gene: Path = GOLDEN_STUDY / "tx2gene.tsv", **options: bool) -> Path:
    study = read_study({sample: quants / sample for sample in SAMPLES})
    samples = read_samples(GOLDEN_STUDY / "samples.tsv")
    write_expression(study, index_genes(study.transcript_ids, tx2gene), samples, outdir, **options)
    return outdir


def assert_golden(folder: Path) -> None:
    for table, golden in GENE_TABLES.items():
        ours, theirs = read_matrix(folder / f"{table}.tsv"), read_golden(golden)
        assert ours.gene_ids.tolist() == sorted(theirs.index)
        assert ours.samples == SAMPLES
        np.testing.assert_allclose(ours.values, theirs.loc[ours.gene_ids], rtol=1e-9, atol=0)


def alter(path: Path, change) -> None:
    """Rewrite a text file's lines."""
    path.write_text("".join(change(path.read_text().splitlines(keepends=True))))


def test_the_command_writes_the_tables_of_tximport(tmp_path):
    folders = [GOLDEN_STUDY / "quants" / sample for sample in reversed(SAMPLES)]
    inputs = ["--samples", GOLDEN_STUDY / "samples.tsv", "--tx2gene", GOLDEN_STUDY / "tx2gene.tsv"]
    command = [sys.executable, "-B", COMMAND, "--quants", *folders, *inputs, "--transcript_tables"]
    done = subprocess.run([*command, "--outdir", tmp_path], check=True, capture_output=True, text=True)
    assert_golden(tmp_path)
    assert done.stderr == "", "spike-ins without a gene are not worth a warning"
    transcripts = pd.read_parquet(tmp_path / "transcripts.parquet").set_index("transcript_id")
    golden = read_golden("counts_dtuScaledTPM")
    dtu = transcripts.loc[golden.index, [f"dtu_scaled_counts.{sample}" for sample in SAMPLES]]
    np.testing.assert_allclose(dtu, golden, rtol=1e-9, atol=0)
    quant = pd.read_csv(GOLDEN_STUDY / "quants" / "S2" / "quant.sf", sep="\t", index_col="Name")
    for table, quantity, column in (
        ("transcript_counts", "counts", "NumReads"),
        ("transcript_tpm", "tpm", "TPM"),
        ("transcript_lengths", "length", "EffectiveLength"),
    ):
        plain = pd.read_csv(tmp_path / f"{table}.tsv", sep="\t", index_col="transcript_id")
        assert plain["S2"].equals(quant[column].rename_axis("transcript_id").rename("S2"))
        assert (transcripts[f"{quantity}.S2"] == quant[column]).all()
    inputs_told = pd.read_csv(tmp_path / "inputs.tsv", sep="\t")
    assert inputs_told["path"].tolist() == [f"{sample}/quant.sf" for sample in SAMPLES]
    used = pd.read_csv(tmp_path / "tx2gene.tsv", sep="\t")
    given = pd.read_csv(GOLDEN_STUDY / "tx2gene.tsv", sep="\t")
    assert used.equals(given)


def test_anndata_reads_what_is_written_without_it(tmp_path):
    anndata = pytest.importorskip("anndata")
    merge(GOLDEN_STUDY / "quants", tmp_path)
    data = anndata.read_h5ad(tmp_path / "expression.h5ad")
    assert data.obs_names.tolist() == SAMPLES
    metadata = pd.read_csv(GOLDEN_STUDY / "samples.tsv", sep="\t", index_col="sample")
    pd.testing.assert_frame_equal(data.obs.astype(str), metadata, check_names=False, check_dtype=False)
    counts = read_matrix(tmp_path / "gene_counts.tsv")
    assert data.var_names.tolist() == counts.gene_ids.tolist()
    assert data.var["gene_name"].tolist() == counts.gene_names.tolist()
    layers = {
        "tpm": "gene_tpm",
        "length": "gene_lengths",
        "inferential_variance": "gene_inferential_variance",
    }
    assert set(data.layers) == set(layers)
    written = {"gene_counts": data.X} | {layers[name]: values for name, values in data.layers.items()}
    for table, values in written.items():
        np.testing.assert_array_equal(values.T, read_matrix(tmp_path / f"{table}.tsv").values)
    data.write_h5ad(tmp_path / "again.h5ad")


def test_missing_metadata_stays_missing_in_anndata(tmp_path):
    anndata = pytest.importorskip("anndata")
    from rxpress.h5ad import write_h5ad

    obs = pd.DataFrame({"line": ["A", None], "dose": [np.nan, 2.5], "kept": [True, False]}, index=["1", "2"])
    var = pd.DataFrame({"gene_name": ["TP53", "TP53"]}, index=["g1", "g2"])
    write_h5ad(tmp_path / "x.h5ad", np.eye(2), {}, obs, var)
    assert anndata.read_h5ad(tmp_path / "x.h5ad").var["gene_name"].tolist() == ["TP53", "TP53"]
    read = anndata.read_h5ad(tmp_path / "x.h5ad").obs
    assert read["line"].isna().tolist() == [False, True]
    assert read["dose"].isna().tolist() == [True, False]
    assert read["kept"].tolist() == [True, False]


def test_the_same_folders_give_the_same_bytes(tmp_path):
    first = merge(GOLDEN_STUDY / "quants", tmp_path / "1", transcript_tables=True)
    time.sleep(1.1)  # a file that holds the time of writing holds it in seconds
    second = merge(GOLDEN_STUDY / "quants", tmp_path / "2", transcript_tables=True)
    names = sorted(path.name for path in first.iterdir())
    assert "expression.h5ad" in names
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_another_order_of_transcripts_changes_nothing(tmp_path, quants):
    """Sample S3 is turned upside down, its replicates too."""
    alter(quants / "S3" / "quant.sf", lambda lines: [lines[0], *reversed(lines[1:])])
    bootstrap = quants / "S3" / "aux_info" / "bootstrap"
    names = gzip.decompress((bootstrap / "names.tsv.gz").read_bytes()).decode().split()
    (bootstrap / "names.tsv.gz").write_bytes(gzip.compress("\t".join(reversed(names)).encode()))
    counts = np.frombuffer(gzip.decompress((bootstrap / "bootstraps.gz").read_bytes()))
    turned = counts.reshape(-1, len(names))[:, ::-1]
    (bootstrap / "bootstraps.gz").write_bytes(gzip.compress(turned.tobytes()))
    assert_golden(merge(quants, tmp_path))


def test_gzipped_quants_are_read(tmp_path, quants):
    for path in quants.glob("*/quant.sf"):
        path.with_suffix(".sf.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert_golden(merge(quants, tmp_path))


def test_quants_are_folders_or_files_plain_or_gzipped_and_named_by_their_folders(tmp_path, quants):
    """S1 a folder, S2 a file, S3 a gzip file, S4 a link to a folder of another name."""
    gzipped = quants / "S3" / "quant.sf.gz"
    gzipped.write_bytes(gzip.compress((quants / "S3" / "quant.sf").read_bytes()))
    (quants / "S3" / "quant.sf").unlink()
    (quants / "S4").rename(tmp_path / "other")
    (quants / "S4").symlink_to(tmp_path / "other")
    given = [quants / "S1", quants / "S2" / "quant.sf", gzipped, quants / "S4", quants / "S5", quants / "S6"]
    inputs = ["--samples", GOLDEN_STUDY / "samples.tsv", "--tx2gene", GOLDEN_STUDY / "tx2gene.tsv"]
    command = [sys.executable, "-B", COMMAND, "--quants", *given, *inputs, "--outdir", tmp_path / "out"]
    subprocess.run(command, check=True)
    assert_golden(tmp_path / "out")


def without_versions(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(transcript_id=table["transcript_id"].str.replace(r"\.\d+$", "", regex=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.drop(columns="gene_name"),
        without_versions,
        lambda table: table.assign(gene_name=None),
    ],
    ids=["two columns", "no versions", "no names"],
)
@pytest.mark.parametrize(
    "form", [{"sep": "\t"}, {"sep": ",", "header": False}], ids=["tsv", "csv, no header"]
)
def test_users_maps_are_understood(tmp_path, change, form):
    table = change(pd.read_csv(GOLDEN_STUDY / "tx2gene.tsv", sep="\t"))
    table.to_csv(tmp_path / "map.txt", index=False, **form)
    assert_golden(merge(GOLDEN_STUDY / "quants", tmp_path, tmp_path / "map.txt"))
    if table.get("gene_name") is None or table["gene_name"].isna().all():
        counts = read_matrix(tmp_path / "gene_counts.tsv")
        assert counts.gene_names.tolist() == counts.gene_ids.tolist()


def test_without_replicates_in_every_sample_there_is_no_inferential_variance(tmp_path, quants):
    shutil.rmtree(quants / "S5" / "aux_info" / "bootstrap")
    merge(quants, tmp_path)
    assert not (tmp_path / "gene_inferential_variance.tsv").exists()
    with h5py.File(tmp_path / "expression.h5ad") as file:
        assert sorted(file["layers"]) == ["length", "tpm"]


def test_samples_of_other_transcripts_are_refused_together(quants):
    alter(quants / "S2" / "quant.sf", lambda lines: lines[:-2])
    alter(
        quants / "S4" / "quant.sf", lambda lines: [line.replace("ERCC-00002", "ERCC-00077") for line in lines]
    )
    with pytest.raises(InputError) as error:
        read_study({sample: quants / sample for sample in SAMPLES})
    assert [str(problem).partition(";")[0] for problem in error.value.problems] == [
        "S1/quant.sf and S2/quant.sf are of different transcripts: "
        "2 only in S1/quant.sf (ERCC-00002, ERCC-00004)",
        "S1/quant.sf and S4/quant.sf are of different transcripts: "
        "1 only in S1/quant.sf (ERCC-00002), 1 only in S4/quant.sf (ERCC-00077)",
    ]


def test_samples_of_another_index_are_refused(quants):
    path = quants / "S6" / "aux_info" / "meta_info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"index_seq_hash": "other"}))
    with pytest.raises(InputError, match="samples S1 and S6 were quantified against different indexes"):
        read_study({sample: quants / sample for sample in SAMPLES})


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.unlink(), "no quant.sf in it"),
        (lambda path: path.write_text(""), "S1/quant.sf: cannot be read"),
        (lambda path: alter(path, lambda lines: [line.replace("TPM", "tpm") for line in lines]), "TPM"),
        (lambda path: alter(path, lambda lines: [*lines, "X\t9\t9\tn.a.\t1\n"]), "n.a."),
        (
            lambda path: alter(path, lambda lines: [*lines, "X\t9\t9\tnan\t1\n"]),
            "'TPM' has values that are not",
        ),
        (lambda path: alter(path, lambda lines: lines[:1]), "holds no transcripts"),
        (lambda path: path.write_bytes(gzip.compress(path.read_bytes())[:-9]), "is damaged gzip"),
    ],
)
def test_a_damaged_folder_is_named(quants, spoil, told):
    spoil(quants / "S1" / "quant.sf")
    with pytest.raises(InputError) as error:
        read_study({"S1": quants / "S1"})
    assert told in str(error.value)
    assert "S1" in str(error.value)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda data: data[:-30], "ends early"),
        (lambda data: gzip.compress(gzip.decompress(data)[:-8]), "ends early"),
    ],
)
def test_damaged_replicates_are_named(tmp_path, quants, spoil, told):
    path = quants / "S2" / "aux_info" / "bootstrap" / "bootstraps.gz"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=told):
        merge(quants, tmp_path)


def test_a_map_of_too_few_transcripts_is_refused(tmp_path):
    (tmp_path / "few.tsv").write_text("".join(f"T{i}\tG{i}\n" for i in range(89)))
    with pytest.raises(InputError, match=r"few.tsv: gives a gene to 89 of 100 transcripts .*\(not to T89\)"):
        index_genes(pa.array([f"T{i}" for i in range(100)]), tmp_path / "few.tsv")
    index = index_genes(pa.array([f"T{i}" for i in range(98)] + ["ERCC-00002"]), tmp_path / "few.tsv")
    assert (index.unmapped, index.spike_ins) == (9, 1)


def test_folders_take_the_order_of_the_samples_and_strangers_are_told():
    folders = [Path("x"), Path("y")]
    assert list(folders_by_sample(folders, ["B", "A"], ["A", "B", "C"], "samples.tsv")) == ["A", "B"]
    with pytest.raises(InputError) as error:
        folders_by_sample([*folders, Path("z")], ["A1", "B", "B"], ["A-1", "B"], "samples.tsv")
    told = str(error.value)
    assert "samples.tsv: has no sample 'A1'; did you mean 'A-1'?" in told
    assert "2 quant folders are named 'B'" in told


@pytest.mark.real
@pytest.mark.skipif(not which("Rscript"), reason="Rscript is not on PATH: airway is NOT compared with R")
def test_airway_is_merged_as_by_tximport(tmp_path, real_data):
    """Two real Salmon folders, 205,870 transcripts; the map is made: the first 12 characters of an id."""
    quants = real_data / "airway" / "quants"
    samples = sorted(path.name for path in quants.iterdir())
    study = read_study({sample: quants / sample for sample in samples})
    ids = study.transcript_ids.to_pylist()
    (tmp_path / "map.tsv").write_text("".join(f"{name}\t{name[:12]}\n" for name in ids))
    script = GOLDEN_STUDY.parent / "tximport_folders.R"
    command = ["Rscript", script, quants, tmp_path / "map.tsv", tmp_path]
    subprocess.run(command, check=True, capture_output=True)
    frame = pd.DataFrame({"sample": samples})
    write_expression(study, index_genes(study.transcript_ids, tmp_path / "map.tsv"), frame, tmp_path)
    for table, theirs in (
        ("gene_counts", "counts_no"),
        ("gene_lengths", "length_no"),
        ("gene_counts_scaled", "counts_scaledTPM"),
        ("gene_counts_length_scaled", "counts_lengthScaledTPM"),
    ):
        ours = read_matrix(tmp_path / f"{table}.tsv")
        expected = pd.read_csv(tmp_path / f"{theirs}.txt", sep=r"\s+").loc[ours.gene_ids]
        np.testing.assert_allclose(ours.values, expected, rtol=1e-9, atol=0)
