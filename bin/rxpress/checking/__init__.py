"""CHECK_INPUTS: everything that can be wrong with what a run is given, found before anything else starts.

`inputs` reads what is given, `checks` and `reference_checks` judge it, `run_plan` says what was understood.
"""
