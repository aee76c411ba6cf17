"""Drug-response transcriptomics: the toolkit behind the commands in `bin/`."""

__version__ = "0.1.0.dev0"
