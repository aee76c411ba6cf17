#!/usr/bin/env bash
# The usual way in benchmarks/pipeline.py: a script per step, sample after sample, each tool with all cores.
#   pipeline_scripts.sh STUDY TX2GENE SCRIPT.R fastp|trim_galore
set -euo pipefail
study=$1 tx2gene=$2 test=$3 trimmer=$4
cores=$(nproc)
mkdir fastqc trimmed salmon

salmon --no-version-check index --transcripts "$study/transcripts.fa.gz" --index index --threads "$cores"
tail -n +2 "$study/samplesheet.csv" | cut -d, -f1 | sort -u | while read -r sample; do
    cat "$study"/reads/"$sample"{,_L00?}_R1.fastq.gz > "${sample}_1.fastq.gz" 2> /dev/null || true
    cat "$study"/reads/"$sample"{,_L00?}_R2.fastq.gz > "${sample}_2.fastq.gz" 2> /dev/null || true
    fastqc --quiet --threads "$cores" --outdir fastqc "${sample}_1.fastq.gz" "${sample}_2.fastq.gz"
    if [[ $trimmer == fastp ]]; then
        fastp --in1 "${sample}_1.fastq.gz" --in2 "${sample}_2.fastq.gz" --thread "$cores" \
            --out1 "trimmed/${sample}_1.fastq.gz" --out2 "trimmed/${sample}_2.fastq.gz" \
            --json "trimmed/$sample.fastp.json" --html "trimmed/$sample.fastp.html"
    else
        trim_galore --paired --cores "$cores" --output_dir trimmed "${sample}_1.fastq.gz" "${sample}_2.fastq.gz"
        for mate in 1 2; do
            mv "trimmed/${sample}_${mate}_val_$mate.fq.gz" "trimmed/${sample}_$mate.fastq.gz"
        done
    fi
    rm "${sample}_1.fastq.gz" "${sample}_2.fastq.gz"
    salmon --no-version-check quant --libType A --index index --threads "$cores" --output "salmon/$sample" \
        --mates1 "trimmed/${sample}_1.fastq.gz" --mates2 "trimmed/${sample}_2.fastq.gz"
done
Rscript "$test" "$study/samplesheet.csv" "$tx2gene"
multiqc --no-version-check --force .
