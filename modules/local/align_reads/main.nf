include { options } from '../../../functions/options'

process ALIGN_READS {
    tag { meta.sample }
    label 'align'
    cpus 4
    memory { (2.5.GB + index_bytes * 1.B) * task.attempt }
    time { 12.h * task.attempt }

    input:
    tuple val(meta), path(fastq_1, stageAs: 'mate_1/?/*'), path(fastq_2, stageAs: 'mate_2/?/*')
    tuple path(index, stageAs: 'index/*'), val(index_bytes)
    tuple path(exons, stageAs: 'annotation/*'), path(splice_sites, stageAs: 'annotation/*')
    val opts

    output:
    tuple(val(meta), path("alignments/${meta.sample}/${meta.sample}.bam", arity: '0..*'), path("alignments/${meta.sample}/${meta.sample}.transcriptome.bam", arity: '0..*'), path("alignments/${meta.sample}/${meta.sample}.reads.json"), emit: aligned)
    path("alignments/${meta.sample}/${meta.sample}.{bam,bam.bai,bam.csi,junctions.tsv}", emit: published, optional: true)
    path("alignments/${meta.sample}/${meta.sample}.{Log.final.out,hisat2.summary.txt}", emit: logs, optional: true)
    path("fastp/${meta.sample}.fastp.{json,html}", emit: fastp, optional: true)
    tuple(val(task.process), val('fastp'), eval('fastp --version 2>&1 | cut -d" " -f2'), topic: versions)
    tuple(val(task.process), val(opts.aligner), eval("${opts.aligner == 'star' ? 'STAR --version' : 'hisat2 --version | sed -n 1s/.*version.//p'}"), topic: versions)
    tuple(val(task.process), val('samtools'), eval('samtools --version | sed -n 1s/samtools.//p'), topic: versions)

    script:
    def more = options(
        transcriptome: meta.transcriptome, skip_trimming: opts.skip_trimming,
        extra_fastp_args: opts.extra_fastp_args, extra_aligner_args: opts.extra_aligner_args)
    def second = fastq_2 ? "--fastq_2 ${fastq_2}" : ''
    """
    align_reads.py --sample '${meta.sample}' --fastq_1 ${fastq_1} ${second} --aligner ${opts.aligner} --index ${index} \\
        --exons ${exons} --splice_sites ${splice_sites} --strandedness ${meta.strandedness} \\
        --threads ${task.cpus} --memory ${task.memory.toBytes()} ${more} --outdir .
    """

    stub:
    """
    mkdir -p 'alignments/${meta.sample}' fastp
    touch 'alignments/${meta.sample}/${meta.sample}.bam' 'alignments/${meta.sample}/${meta.sample}.bam.bai'
    touch 'alignments/${meta.sample}/${meta.sample}.transcriptome.bam' 'fastp/${meta.sample}.fastp.json' 'fastp/${meta.sample}.fastp.html'
    echo '{}' > 'alignments/${meta.sample}/${meta.sample}.reads.json'
    """
}
