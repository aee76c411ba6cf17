"""Dose–response: from a viability table to curves, IC50 with intervals, and responses of lines.

wells.py viability.py plates.py      the table: read, checked, relative to the vehicle
logistic.py intervals.py             kernels: many curves at once, profile likelihood
selection.py estimates.py            the model of each curve, and what is told of it
fit_table.py labels.py arm.py        tables, responses of lines, and the arm as a whole
"""
