"""TEST_EXPRESSION: from the counts of a study to a gene table per contrast.

`expression` goes through the models of a study: `study_counts` and `model_data` hold what tests rest on,
`fit_choice` fits, `gene_tables` and `limma_tables` test (`line_level`: with lines as replicates), `calls`
judge, `second_opinion` compares, `fit_facts` says what a reader should know.
"""
