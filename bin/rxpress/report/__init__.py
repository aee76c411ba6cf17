"""The report: what a results folder holds, looked at, and put as sections for MultiQC."""
