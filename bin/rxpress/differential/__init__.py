"""TEST_EXPRESSION: from the counts or the log2 expression of a study to a gene table per contrast.

`expression` goes through the models of a study of counts, `array_expression` through those of arrays:
`study_counts` and `model_data` hold what tests rest on, `fit_choice` fits counts, `weighed_counts` and
`line_variances` weigh what linear models take, `gene_tables` and `linear_tables` test (`line_level`: over
lines), `calls` judge, `second_opinion` compares, `fit_facts` says what a reader should know, `study_results`
joins it all.
"""
