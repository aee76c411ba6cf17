# make demo   installs what is missing, makes the demo study, runs the pipeline on it into results/demo/
# make test   installs what is missing and runs everything quick
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH):$(CURDIR)/launcher
export PYTHONDONTWRITEBYTECODE := 1
PYTEST := python -m pytest

.PHONY: demo test setup lint unit pipeline

demo:
	scripts/setup.sh
	python tests/data/make_demo_study.py --outdir demo
	nextflow -q run . -resume -work-dir work/demo --outdir results/demo --input demo/samplesheet.csv \
		--transcripts demo/transcripts.fa.gz --gtf demo/annotation.gtf.gz
	@echo "Open $(CURDIR)/results/demo/report/rxpress_report.html"

setup:
	scripts/setup.sh test

lint: setup
	ruff check .
	ruff format --check .
	mypy
	nextflow lint .

unit: setup
	$(PYTEST) tests/unit

pipeline: setup
	$(PYTEST) tests/pipeline

test: lint
	$(PYTEST)
