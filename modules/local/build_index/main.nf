process BUILD_INDEX {
    tag { opts.aligner }
    label 'align'
    cpus 4
    memory { needed.index * 1.B * task.attempt }
    time { 12.h * task.attempt }

    input:
    path(genome, stageAs: 'genome/*')
    tuple path(exons, stageAs: 'annotation/*'), path(splice_sites, stageAs: 'annotation/*')
    val needed
    val opts

    output:
    path("${opts.aligner}_index", emit: index)
    path('inputs.tsv', emit: inputs)
    tuple(val(task.process), val(opts.aligner), eval("${opts.aligner == 'star' ? 'STAR --version' : 'hisat2 --version | sed -n 1s/.*version.//p'}"), topic: versions)

    script:
    """
    build_index.py --aligner ${opts.aligner} --genome ${genome} --exons ${exons} --threads ${task.cpus} --memory ${task.memory.toBytes()} --outdir built
    mv built/${opts.aligner} ${opts.aligner}_index
    hash_inputs.py --role genome ${genome} --out inputs.tsv
    """

    stub:
    """
    mkdir ${opts.aligner}_index
    touch ${opts.aligner}_index/genomeParameters.txt
    printf 'path\\tsize\\tsha256\\trole\\n' > inputs.tsv
    """
}
