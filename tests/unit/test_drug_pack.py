"""Drug packs: those that ship are sound, and everything wrong with one is said with its line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rxpress.errors import InputError, Problems
from rxpress.interpretation.drug_pack import DrugPack, read_drug_pack, read_signatures
from rxpress.interpretation.gene_names import PackGene
from rxpress.tables import read_json, read_records, write_records
from rxpress.user_tables import read_gmt

ROOT = Path(__file__).resolve().parent.parent.parent
DRUGS = ROOT / "assets" / "drugs"
SCHEMA = read_json(ROOT / "assets" / "schema" / "drug_pack.schema.json")
SHIPPED = sorted(folder.name for folder in DRUGS.iterdir())
REFERENCE = re.compile(r"doi:10\.\d{4,9}/\S+[^\s.,;]|pmid:[1-9]\d*|pmcid:PMC[1-9]\d*")
MARKERS = "gene\taliases\texpected\tcomparison\trole\treference\tnote\n"
SIGNATURES = "signature\tgene\tdirection\tweight\tmean\tsd\tmethod\tcutoff\treference\n"


def pack(name: str) -> DrugPack:
    return read_drug_pack(DRUGS / name, SCHEMA)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small sound pack to break."""
    (tmp_path / "drug.yml").write_text(
        "name: examplinib\nsynonyms: [EX-1]\ntarget: example kinase\nmechanism: stops it\n"
        "doses_nM: [1, 2.5]\nreferences: [doi:10.1000/182 The DOI Handbook]\n"
        "steps:\n  - name: first\n    gene_set: SET\n    expected: up\n"
        "unconfirmed:\n  - doi:10.1000/182\n"
    )
    (tmp_path / "markers.tsv").write_text(
        f"{MARKERS}ATF3\tNA\tup\tdrug\tstress\tpmid:1\tNA\n"
        "ITPRIP\tKIAA1754\tdown\tbaseline\trisk\tpmcid:PMC2; pmid:3\tNA\n"
    )
    (tmp_path / "signatures.tsv").write_text(
        f"{SIGNATURES}S\tA1\tNA\t0.5\t10\t2\tclassifier\t2.48\tpmid:1\n"
        "S\t201754_at\tNA\t-0.5\t9\t1\tclassifier\t2.48\tpmid:1\n"
    )
    (tmp_path / "gene_sets.gmt").write_text("SET\tpmid:1 what it is\tATF3\tDDIT3\n")
    return tmp_path


def complaints(folder: Path) -> list[str]:
    with pytest.raises(InputError) as error:
        read_drug_pack(folder, SCHEMA)
    return [str(problem) for problem in error.value.problems]


def replace(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


def test_bortezomib_and_a_second_drug_ship() -> None:
    assert SHIPPED == ["bortezomib", "dexamethasone"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_is_sound_and_has_the_name_of_its_folder(name: str) -> None:
    drug = pack(name)
    assert drug.name == name
    assert drug.markers
    assert drug.gene_sets
    assert drug.steps


@pytest.mark.parametrize("name", SHIPPED)
def test_every_row_of_a_shipped_pack_has_references_of_the_right_form(name: str) -> None:
    tables = [DRUGS / name / "markers.tsv", DRUGS / name / "signatures.tsv"]
    cells = [row["reference"] for table in tables if table.exists() for row in read_records(table)]
    cells += [
        " ".join(cells[1].split(" ")[: cells[1].count("; ") + 1])
        for _, cells in read_gmt(DRUGS / name / "gene_sets.gmt")
    ]
    cells += pack(name).citations
    assert cells
    assert [cell for cell in cells if not all(REFERENCE.fullmatch(one) for one in cell.split("; "))] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_pack_cites_every_publication_that_it_refers_to(name: str) -> None:
    files = "".join(path.read_text(encoding="utf-8") for path in (DRUGS / name).iterdir())
    used = {match.rstrip(".,") for match in re.findall(r"\b(?:doi:10\.|pmid:|pmcid:)[^\s;]*[^\s;,]", files)}
    used = {
        reference.removesuffix(")") if reference.count(")") > reference.count("(") else reference
        for reference in used
    }
    citations = pack(name).citations
    assert used == set(citations)
    assert all(citations.values())


def test_the_bortezomib_pack_says_what_the_literature_says() -> None:
    said = {(m.gene.symbol, m.comparison): m.expected for m in pack("bortezomib").markers}
    assert said["PSMB5", "drug"] == said["HSPA1A", "drug"] == said["DDIT3", "drug"] == "up"
    assert said["PSMB8", "drug"] == said["TNFAIP3", "drug"] == said["TOP2A", "drug"] == "down"
    assert said["HSPB1", "interaction"] == "up"
    assert said["ATF3", "interaction"] == said["JUN", "interaction"] == "down"
    assert said["PSMD4", "baseline"] == said["BIRC5", "baseline"] == said["CD200", "baseline"] == "up"
    assert said["ITPRIP", "baseline"] == "down"
    assert said["ADAM9", "baseline"] == "unknown"


def test_old_symbols_that_real_tables_have_are_aliases() -> None:
    drug = pack("bortezomib")
    genes = [m.gene for m in drug.markers] + [g.gene for s in drug.signatures for g in s.genes]
    aliases = {alias: gene.symbol for gene in genes for alias in gene.aliases}
    assert aliases["KIAA1754"] == "ITPRIP"
    assert aliases["HSP27"] == "HSPB1"
    assert aliases["UFD1L"] == "UFD1"


def test_signatures_have_their_published_sizes_and_clip_is_not_guessed() -> None:
    signatures = {signature.name: signature for signature in pack("bortezomib").signatures}
    benefit = signatures["STLsig_bortezomib_benefit"]
    assert (len(benefit.genes), benefit.method, benefit.cutoff) == (14, "exploratory", None)
    assert len(signatures["PADIMAC_bortezomib_vs_lenalidomide"].genes) == 7
    (clip,) = (gene.gene for gene in benefit.genes if gene.gene.symbol == "CLIP")
    assert clip.candidates


def test_response_genes_are_those_that_both_published_lists_hold(real_data: Path) -> None:
    rows = read_records(real_data / "signatures_myeloma" / "published_gene_lists.tsv")
    lists = {
        name: {r["gene_as_listed"] for r in rows if r["signature"] == name}
        for name in {r["signature"] for r in rows}
    }
    (response,) = (s for s in pack("bortezomib").signatures if s.method == "response")
    for direction, end in (("up", "UP"), ("down", "DN")):
        both = lists[f"BUSH_2017_BT20_BOR_{end}"] & lists[f"BUSH_2017_U87_BOR_{end}"]
        printed = [
            (g.gene.aliases or (g.gene.symbol,))[0] for g in response.genes if g.direction == direction
        ]
        assert sorted(printed) == sorted(both)


def test_a_pack_is_read_as_it_is_written(folder: Path) -> None:
    drug = read_drug_pack(folder, SCHEMA)
    assert drug.names == ("examplinib", "EX-1")
    assert drug.citations == {"doi:10.1000/182": "The DOI Handbook"}
    assert drug.unconfirmed == ("doi:10.1000/182",)
    assert (drug.doses_nM, drug.times_h) == ((1.0, 2.5), None)
    assert drug.markers[1].gene == PackGene("ITPRIP", ("KIAA1754",))
    (signature,) = drug.signatures
    assert (signature.method, signature.scale) == ("classifier", "z")
    assert (signature.cutoff, [(g.weight, g.mean, g.sd) for g in signature.genes]) == (
        2.48,
        [(0.5, 10, 2), (-0.5, 9, 1)],
    )
    assert drug.gene_sets[0].genes == ("ATF3", "DDIT3")
    assert (drug.steps[0].gene_set, drug.steps[0].expected) == ("SET", "up")


@pytest.mark.parametrize(("name", "scale", "cutoff"), [("UAMS80", "expression", 2.48), ("EMC92", "z", 0.827)])
def test_a_published_classifier_fits_the_format(
    name: str, scale: str, cutoff: float, real_data: Path, tmp_path: Path
) -> None:
    probes = read_records(real_data / "signatures_myeloma" / f"{name}.csv")
    header = ["signature", "gene", "weight", "mean", "sd", "method", "scale", "cutoff", "reference"]
    rows = [[name, *p.values(), "classifier", scale, cutoff, "pmid:1"] for p in probes]
    write_records(header, rows, tmp_path / "signatures.tsv")
    problems = Problems()
    (signature,) = read_signatures(tmp_path / "signatures.tsv", SCHEMA, problems)
    assert problems.found == []
    assert (len(signature.genes), signature.scale, signature.cutoff) == (int(name[-2:]), scale, cutoff)
    assert [g.weight for g in signature.genes] == [float(p["weight"]) for p in probes]


def test_signatures_and_gene_sets_may_be_absent(folder: Path) -> None:
    (folder / "signatures.tsv").unlink()
    (folder / "gene_sets.gmt").unlink()
    replace(folder, "drug.yml", "steps:\n  - name: first\n    gene_set: SET\n    expected: up\n", "")
    assert read_drug_pack(folder, SCHEMA).signatures == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            "markers.tsv",
            "pmid:1\t",
            "Smith 2001\t",
            "markers.tsv:2: column 'reference': 'Smith 2001' is not a reference",
        ),
        ("markers.tsv", "pmid:1\t", "NA\t", "markers.tsv:2: column 'reference': is empty"),
        (
            "markers.tsv",
            "\tdown\t",
            "\tlower\t",
            "markers.tsv:3: column 'expected': 'lower' is not a direction; write up",
        ),
        (
            "markers.tsv",
            "baseline",
            "resistance",
            "markers.tsv:3: column 'comparison': 'resistance' is not a comparison",
        ),
        (
            "markers.tsv",
            "ATF3\t",
            "2-Sep\t",
            "markers.tsv:2: column 'gene': '2-Sep' is not the name of a gene; give one gene",
        ),
        (
            "markers.tsv",
            "expected",
            "expectd",
            "markers.tsv:1: column 'expectd': is not a column of the markers; did you mean 'expected'?",
        ),
        ("markers.tsv", "\trole", "\tpart", "markers.tsv:1: column 'role': is missing; add it"),
        ("markers.tsv", "\tstress\t", "\t", "markers.tsv:2: has 6 cells, but the header has 7"),
        (
            "markers.tsv",
            "KIAA1754",
            "KIAA1754, X",
            "markers.tsv:3: column 'aliases': 'KIAA1754, X' is not a list of names; join",
        ),
        (
            "markers.tsv",
            "KIAA1754",
            "ATF3",
            "markers.tsv:3: column 'aliases': alias 'ATF3' is the symbol in line 2; remove",
        ),
        (
            "markers.tsv",
            "ITPRIP\tKIAA1754\tdown\tbaseline",
            "ATF3\tNA\tdown\tdrug",
            "markers.tsv:3: 'ATF3 drug' stands in line 2",
        ),
        (
            "signatures.tsv",
            "-0.5\t9\t1",
            "-0.5\tNA\t1",
            "signatures.tsv:3: column 'method': a classifier needs weight, mean and sd",
        ),
        (
            "signatures.tsv",
            "0.5\t10\t2",
            "0.5\t10\t0",
            "signatures.tsv:2: column 'sd': '0' is not a standard deviation",
        ),
        (
            "signatures.tsv",
            "0.5\t10\t2",
            "0,5\t10\t2",
            "signatures.tsv:2: column 'weight': '0,5' is not a number; write",
        ),
        (
            "signatures.tsv",
            "9\t1\tclassifier\t2.48",
            "9\t1\tclassifier\t1",
            "signatures.tsv:3: column 'cutoff': signature 'S' has another cutoff in line 2",
        ),
        ("signatures.tsv", "201754_at", "A1", "signatures.tsv:3: 'S A1' stands in line 2 already"),
        (
            "gene_sets.gmt",
            "pmid:1 what",
            "what",
            "gene_sets.gmt:1: column 'source': 'what it is' does not begin with a reference",
        ),
        (
            "gene_sets.gmt",
            "\tDDIT3",
            "\tATF3",
            "gene_sets.gmt:1: column 'gene': 'ATF3' stands twice in 'SET'; remove one",
        ),
        (
            "gene_sets.gmt",
            "\tDDIT3",
            "\t1-Mar",
            "gene_sets.gmt:1: column 'gene': '1-Mar' is not the name of a gene",
        ),
        (
            "gene_sets.gmt",
            "\tATF3\tDDIT3",
            "",
            "gene_sets.gmt:1: has no genes; a line is name, source and genes",
        ),
        (
            "drug.yml",
            "target:",
            "targt:",
            "drug.yml:3: column 'targt': is not a known key; did you mean 'target'?",
        ),
        (
            "drug.yml",
            "target: example kinase\n",
            "",
            "drug.yml:1: column 'target': is missing; add it: what the drug binds",
        ),
        (
            "drug.yml",
            "[1, 2.5]",
            "[1, low]",
            "drug.yml:5: column 'doses_nM': '1, low' is not a range; write the usual",
        ),
        (
            "drug.yml",
            "doi:10.1000/182",
            "see paper",
            "drug.yml:6: column 'references': 'see paper The DOI Handbook' does not begin with a reference",
        ),
        (
            "drug.yml",
            "expected: up",
            "expected: rise",
            "drug.yml:10: column 'expected': 'rise' is no direction; write up or down",
        ),
        (
            "drug.yml",
            "gene_set: SET",
            "gene_set: SETS",
            "drug.yml:9: column 'gene_set': 'SETS' is not a set of gene_sets.gmt; did you mean 'SET'?",
        ),
        (
            "drug.yml",
            "- doi:10.1000/182",
            "- doi:10.1000/183",
            "drug.yml:12: column 'unconfirmed': 'doi:10.1000/183' is not among the references; did you mean",
        ),
        (
            "drug.yml",
            "- doi:10.1000/182",
            "- pmid:1",
            "drug.yml:12: column 'unconfirmed': 'pmid:1' is not among the references; list it there too",
        ),
        (
            "drug.yml",
            "unconfirmed:\n  - doi:10.1000/182",
            "unconfirmed: all",
            "drug.yml:11: column 'unconfirmed': 'all' is not a list of references; write a list",
        ),
        ("drug.yml", "name: examplinib", "name: [a", "drug.yml:2: is not valid YAML"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_to_do(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    replace(folder, file, old, new)
    assert [line for line in complaints(folder) if line.startswith(said)], complaints(folder)


def test_the_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    replace(folder, "drug.yml", "name: examplinib\n", "")
    replace(folder, "markers.tsv", "\tdown\t", "\tlower\t")
    replace(folder, "markers.tsv", "pmid:1\t", "Smith 2001\t")
    replace(folder, "signatures.tsv", "0.5\t10\t2", "0.5\t10\t0")
    replace(folder, "gene_sets.gmt", "\tDDIT3", "\tATF3")
    assert [line.split(":")[0] for line in complaints(folder)] == [
        "drug.yml",
        *["markers.tsv"] * 2,
        "signatures.tsv",
        "gene_sets.gmt",
    ]


def test_a_folder_without_a_pack_says_what_is_missing(tmp_path: Path) -> None:
    assert [line.split(": ")[0] for line in complaints(tmp_path)] == [
        f"{tmp_path.name}/drug.yml",
        f"{tmp_path.name}/markers.tsv",
    ]
    assert "is not a folder" in complaints(tmp_path / "nothing")[0]


DOCUMENT = (ROOT / "docs" / "drug_packs.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT, flags=re.MULTILINE | re.DOTALL)


def test_the_pack_in_the_document_is_the_one_that_ships() -> None:
    names = ("drug.yml", "markers.tsv", "gene_sets.gmt")
    shipped = [(DRUGS / "dexamethasone" / name).read_text() for name in names]
    assert [*blocks("yaml"), *blocks("tsv")] == shipped


def test_the_document_lists_the_keys_and_columns_of_the_schema() -> None:
    for kind, file in (("drug", "drug.yml"), ("marker", "markers.tsv"), ("signature", "signatures.tsv")):
        table = DOCUMENT.split(f"\n**`{file}`**\n\n")[1].split("\n\n")[0]
        rows = [line.strip("| ").split(" | ", 1) for line in table.splitlines()[2:]]
        known = SCHEMA["$defs"][kind]
        assert [name.strip("`") for name, _ in rows] == list(known["properties"])
        assert [name.strip("`") for name, text in rows if text.startswith("required")] == known["required"]


def test_the_errors_in_the_document_are_what_the_check_says(tmp_path: Path) -> None:
    shutil.copytree(DRUGS / "dexamethasone", tmp_path / "pack")
    replace(tmp_path / "pack", "markers.tsv", "FKBP51\tup\tdrug", "FKBP51\tup\tresistance")
    replace(tmp_path / "pack", "markers.tsv", "pmcid:PMC3430195", "Reddy 2012")
    command = [sys.executable, ROOT / "bin" / "check_drug_pack.py", tmp_path / "pack"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (2, blocks("text")[0])


def test_the_check_says_what_a_sound_pack_holds() -> None:
    command = [sys.executable, ROOT / "bin" / "check_drug_pack.py", DRUGS / "dexamethasone"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "dexamethasone: 8 markers, 0 signatures, 1 gene sets, 1 steps\n"
