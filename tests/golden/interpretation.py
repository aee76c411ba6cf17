"""Goldens of peers: python tests/golden/interpretation.py tests/golden/interpretation

Reads what interpretation.R wrote there; needs gseapy 1.3.1 and decoupler 2.2.0 (both BSD).

  prerank   gseapy's enrichment score, normalised score and p of the first sample less the mean of the others
            (100,000 permutations)
  ssgsea    gseapy's single-sample score, not normalised, of each sample
  ulm       decoupler's t of each sample and pathway
"""

import sys
from pathlib import Path

import decoupler
import gseapy
import pandas as pd

folder = Path(sys.argv[1])


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.tsv.gz", sep="\t", float_precision="round_trip")


def save(table: pd.DataFrame, name: str) -> None:
    table.to_csv(
        folder / f"{name}.tsv.gz",
        sep="\t",
        index=False,
        compression={"method": "gzip", "mtime": 0, "compresslevel": 9},
    )


expression = read("expression").set_index("gene")
sets = {name: list(group.gene) for name, group in read("sets").groupby("set", sort=False)}
sizes = {"min_size": 1, "max_size": 600, "threads": 1, "seed": 1, "outdir": None}

statistic = expression["s1"] - expression.drop(columns="s1").mean(axis=1)
ranking = pd.DataFrame({"gene": statistic.index, "statistic": statistic.to_numpy()})
found = gseapy.prerank(ranking, sets, permutation_num=100_000, no_plot=True, **sizes).res2d
save(found[["Term", "ES", "NES", "NOM p-val"]].sort_values("Term"), "prerank")

found = gseapy.ssgsea(expression, sets, no_plot=True, **sizes).res2d
save(found.pivot_table(index="Term", columns="Name", values="ES").reset_index(), "ssgsea")

weights = read("weights").melt("gene", var_name="source", value_name="weight").query("weight != 0")
network = weights.rename(columns={"gene": "target"})
score, _ = decoupler.mt.ulm(expression.T, network, tmin=1)
save(score.rename_axis("sample").reset_index(), "ulm")
