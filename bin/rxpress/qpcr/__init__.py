"""Fold changes by quantitative PCR: from the wells of a plate to ΔΔCt by contrast, beside expression.

ct_table.py reads the wells, check_table.py says what is wrong with them, replicates.py joins technical
replicates, delta_ct.py relates targets to reference genes, contrast_tests.py tests, study.py puts the tables
of a study together and concordance.py holds them against gene tables.
"""
