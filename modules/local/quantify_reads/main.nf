include { options } from '../../../functions/options'

process QUANTIFY_READS {
    tag { meta.sample }
    label 'reads'
    // Of few reads each task waits for its own start and end: more of them at a time serve better than more threads.
    cpus { [fastq_1].flatten().collect { lane -> lane.size() }.sum() < 200_000_000 ? 1 : 2 }
    memory { (1.5.GB + index_bytes * 2.B) * task.attempt }
    time { 8.h * task.attempt }

    input:
    tuple val(meta), path(fastq_1, stageAs: 'mate_1/?/*'), path(fastq_2, stageAs: 'mate_2/?/*')
    tuple path(index, stageAs: 'index/*'), val(index_bytes)
    val opts

    output:
    tuple(val(meta), path("salmon/${meta.sample}"), emit: quant, optional: true)
    path("status/${meta.sample}.status.json", emit: status)
    tuple(val(task.process), path("status/${meta.sample}.status.json"), topic: statuses)
    path("fastp/${meta.sample}.fastp.{json,html}", emit: fastp, optional: true)

    // The status tells the versions of the tools, and the shell gives way to the command: Nextflow measures one process less.
    script:
    def more = options(
        bootstraps: opts.bootstraps, skip_trimming: opts.skip_trimming,
        extra_fastp_args: opts.extra_fastp_args, extra_salmon_args: opts.extra_salmon_args)
    def second = fastq_2 ? "--fastq_2 ${fastq_2}" : ''
    """
    exec quantify_reads.py --sample '${meta.sample}' --fastq_1 ${fastq_1} ${second} --index ${index} \\
        --strandedness ${meta.strandedness} --threads ${task.cpus} ${more} --outdir .
    """

    stub:
    """
    mkdir -p 'salmon/${meta.sample}' fastp status
    touch 'salmon/${meta.sample}/quant.sf' 'fastp/${meta.sample}.fastp.json' 'fastp/${meta.sample}.fastp.html'
    echo '{"sample": "${meta.sample}", "passed": true, "reason": "", "inputs": []}' > 'status/${meta.sample}.status.json'
    """
}
