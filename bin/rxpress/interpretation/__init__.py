"""INTERPRET_RESPONSE: what the gene tables of a study say about a drug.

`drug_pack` reads what is known of the drug, `gene_names` finds its genes in a study's tables, `markers` holds
each marker against the contrasts that it speaks of. `signatures` scores samples, `connectivity` holds a
response against published ones, `gene_sets` tests sets of genes, `activity` scores pathways.
"""
