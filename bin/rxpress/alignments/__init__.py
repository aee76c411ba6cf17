"""Reads on a genome: the annotation that every tool of the route shares, and what alignments are like."""
