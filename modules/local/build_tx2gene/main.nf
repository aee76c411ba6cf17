include { options } from '../../../functions/options'

process BUILD_TX2GENE {
    label 'toolkit'
    memory { 2.GB * task.attempt }

    input:
    path(annotation, stageAs: 'annotation/*')
    path(transcripts, stageAs: 'transcripts/*')
    val opts

    output:
    path('tx2gene.tsv', emit: tx2gene)

    script:
    """
    build_tx2gene.py --gtf ${annotation} ${options(transcripts: transcripts)} --out tx2gene.tsv
    """

    stub:
    """
    printf 'transcript_id\\tgene_id\\tgene_name\\n' > tx2gene.tsv
    """
}
