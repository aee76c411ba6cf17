"""The model of DESeq2 on arrays (genes, samples), step by step and for all genes at once.

A study goes through `size_factors`, `fit` (with `dispersions`, `glm` and `outliers`, or `line_fits`),
then each contrast through `contrast` (with `multiple_testing` and `shrinkage`), or a set of them
through `joint`; `stabilize` gives log-like expression. The arithmetic of single steps is reached through
an inference: `rxpress.inference.BatchedInference`
or PyDESeq2's own.
"""
