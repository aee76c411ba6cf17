"""Arrays: from CEL files or ready matrices to expression of genes and the quality of arrays."""
