"""Goldens of decoupler 2.2.0 (BSD) with the weights of assets/pathways:

  python tests/golden/progeny.py tests/golden/progeny

log2        made log2 expression, 1,800 genes x 4 samples: 1,500 genes of the weights and 300 others; in the
            third sample the targets of NFkB are up by their weight, in the fourth those of p53 down
ulm         decoupler's t of each sample and pathway, its genes less their mean over the samples
ulm_change  the same of one vector, the fourth sample less the first and 0.001, so that none is 0
"""

import sys
from pathlib import Path

import decoupler
import numpy as np
import pandas as pd

folder = Path(sys.argv[1])
weights = pd.read_csv(
    Path(__file__).parents[2] / "assets/pathways/progeny_human.tsv.gz", sep="\t", keep_default_na=False
)


def save(table: pd.DataFrame, name: str) -> None:
    table.to_csv(
        folder / f"{name}.tsv.gz",
        sep="\t",
        index=False,
        compression={"method": "gzip", "mtime": 0, "compresslevel": 9},
    )


generator = np.random.default_rng(1)
known = sorted(weights["gene"].unique())
genes = [*generator.choice(known, 1500, replace=False), *(f"OTHER{i}" for i in range(300))]
matrix = (
    weights.pivot_table(index="gene", columns="pathway", values="weight", fill_value=0)
    .reindex(genes)
    .fillna(0)
)
values = generator.uniform(0, 12, (1800, 1)) + generator.normal(0, 1, (1800, 4))
values[:, 2] += 0.2 * matrix["NFkB"]
values[:, 3] -= 0.2 * matrix["p53"]
log2 = pd.DataFrame(values.round(2), index=pd.Index(genes, name="gene"), columns=["s1", "s2", "s3", "s4"])
save(log2.reset_index(), "log2")

network = weights.rename(columns={"pathway": "source", "gene": "target"})[["source", "target", "weight"]]
score, _ = decoupler.mt.ulm(log2.sub(log2.mean(axis=1), axis=0).T, network, tmin=1)
save(score.rename_axis("sample").reset_index(), "ulm")
change = (log2["s4"] - log2["s1"] - 0.001).to_frame("change")
score, _ = decoupler.mt.ulm(change.T, network, tmin=1)
save(score.rename_axis("sample").reset_index(), "ulm_change")
