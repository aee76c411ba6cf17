#!/usr/bin/env bash
# The usual way in benchmarks/pipeline.py: a script per step, sample after sample, each tool with all cores.
#   pipeline_scripts.sh STUDY TX2GENE SCRIPT.R
set -euo pipefail
study=$1 tx2gene=$2 test=$3
cores=$(nproc)
mkdir fastqc fastp salmon

salmon --no-version-check index --transcripts "$study/transcripts.fa.gz" --index index --threads "$cores"
tail -n +2 "$study/samplesheet.csv" | cut -d, -f1 | sort -u | while read -r sample; do
    cat "$study"/reads/"$sample"{,_L00?}_R1.fastq.gz > "${sample}_1.fastq.gz" 2> /dev/null || true
    cat "$study"/reads/"$sample"{,_L00?}_R2.fastq.gz > "${sample}_2.fastq.gz" 2> /dev/null || true
    fastqc --quiet --threads "$cores" --outdir fastqc "${sample}_1.fastq.gz" "${sample}_2.fastq.gz"
    fastp --in1 "${sample}_1.fastq.gz" --in2 "${sample}_2.fastq.gz" --thread "$cores" \
        --out1 "${sample}_trimmed_1.fastq.gz" --out2 "${sample}_trimmed_2.fastq.gz" \
        --json "fastp/$sample.fastp.json" --html "fastp/$sample.fastp.html"
    rm "${sample}_1.fastq.gz" "${sample}_2.fastq.gz"
    salmon --no-version-check quant --libType A --index index --threads "$cores" --output "salmon/$sample" \
        --mates1 "${sample}_trimmed_1.fastq.gz" --mates2 "${sample}_trimmed_2.fastq.gz"
done
Rscript "$test" "$study/samplesheet.csv" "$tx2gene"
multiqc --no-version-check --force .
