"""INTERPRET_RESPONSE: what the response means: markers, signatures, pathways."""
