# make demo         installs what is missing, makes the demo study, runs the pipeline on it into results/demo/
# make test         installs what is missing and runs everything quick
# make engines      runs the pipeline on Slurm and in images (Docker, podman, Apptainer), where they are or can be installed
# make faults       kills runs, breaks tools and fills disks (RXPRESS_KILLS=8: how many runs are killed)
# make coverage     which branches of bin/rxpress the unit tests and bad inputs take; fails below 90 %
# make bundle       writes dist/rxpress-VERSION.tar, for machines without a network (IMAGES=no leaves the images out)
# make images       writes the images as SIF files into images/ (or DIR=…), for --container_dir
# make real         runs the pipeline on real data, when its folder is there (RXPRESS_REAL_DATA, else ../shared/data)
# make longer       both of these at a time
# make audit        asks PyPI for known weaknesses of the locked packages, where it answers
# make nf-core      installs the linter of nf-core outside this folder and runs it
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH):$(CURDIR)/launcher
export PYTHONDONTWRITEBYTECODE := 1
export OPENBLAS_NUM_THREADS := 1
# Images do not hear of it, and the last digit of a sum hangs on it: runs without an image shall not either.
unexport OPENBLAS_CORETYPE
# Two at a time: tests wait a lot. tests/conftest.py says which stay together, and in which turn.
TOGETHER := -n 2

.PHONY: demo test engines faults coverage bundle images real longer nf-core audit setup lint unit pipeline

demo:
	@scripts/setup.sh
	@python tests/data/make_demo_study.py --outdir demo
	nextflow -q run . -profile $$(cat .tools/profile),test_full -resume -ansi-log false -work-dir work/demo
	@echo "The report: $(CURDIR)/results/demo/report/rxpress_report.html"

test: lint
	python -m pytest $(TOGETHER) -m "not real and not engines and not faults"

engines: setup
	python -m pytest $(TOGETHER) -m engines -rs --durations=15

faults: setup
	python -m pytest $(TOGETHER) -m faults -rs --durations=15

coverage: setup
	rm -f .coverage .coverage.*
	coverage run -m pytest $(TOGETHER) tests/unit tests/faults -m "not pipeline and not faults"
	coverage combine -q
	@scripts/branches.py

bundle:
	@scripts/bundle.sh $(if $(filter no,$(IMAGES)),--without-images)

images:
	@containers/build.sh
	@containers/sif.sh $(or $(DIR),images)

real: setup
	python -m pytest $(TOGETHER) -m real -rs

longer: setup
	python -m pytest $(TOGETHER) -m "engines or real" -rs --durations=15

setup:
	@scripts/setup.sh test

lint: setup
	ruff check .
	ruff format --check .
	mypy
	nextflow lint -exclude .nf-test,results,work .

unit: setup
	python -m pytest $(TOGETHER) tests/unit

pipeline: setup
	python -m pytest $(TOGETHER) tests/pipeline -m "not real"

audit: setup
	@scripts/audit.sh

nf-core: setup
	@RXPRESS_NF_CORE=$$(scripts/nf_core.sh) python -m pytest tests/pipeline/test_nf_core.py -rs
