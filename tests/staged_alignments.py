"""Quality of alignments as QUANTIFY_ALIGNMENT writes it, for tests of the report."""

from __future__ import annotations

from typing import Any


def quality(**changed: Any) -> dict[str, Any]:
    """What QUANTIFY_ALIGNMENT writes of a sample, in round numbers."""
    return {
        "paired": True,
        "reads": 1800,
        "mean_read_length": 75.0,
        "fragments": 900,
        "mapped_fragments": 810,
        "unique_fragments": 720,
        "multi_fragments": 90,
        "unique_by": "NH",
        "proper_pairs": 800,
        "duplicate_share": 0.25,
        "duplicates_estimated": False,
        "flagged_duplicates": 0,
        "spliced_reads": 300,
        "exonic_bases": 80_000,
        "intronic_bases": 15_000,
        "intergenic_bases": 5_000,
        "coverage": [1.0] * 100,
        "covered_genes": 40,
        "bias_3prime": 1.5,
        "strandedness": "reverse",
        "forward_share": 0.02,
        "judged_fragments": 700,
        "library_type": "ISR",
        "insert_size": {
            "judged": 700,
            "lower_quartile": 180,
            "median": 200,
            "upper_quartile": 220,
            "bin_width": 10,
            "counts": [0, 1, 3],
        },
        "sort_order": "coordinate",
        "sequences_missing": [],
        **changed,
    }
