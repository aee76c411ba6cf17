"""COMPARE_STUDIES: what several studies say of the same contrast.

`compare` goes through the contrasts: `studies` reads what TEST_EXPRESSION wrote, `joining` finds the same
gene in several tables, `gene_comparison` combines studies gene by gene (the arithmetic is in `rxpress.meta`),
`overview` says how far they agree as a whole.
"""
