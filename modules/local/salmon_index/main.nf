process SALMON_INDEX {
    label 'reads'
    // A small transcriptome takes a minute on one core, which leaves the others to FastQC.
    cpus { transcripts.size() + (genome ? genome.size() : 0) < 40_000_000 ? 1 : 4 }
    memory { (2.GB + (transcripts.size() + (genome ? genome.size() : 0)) * 16.B) * task.attempt }
    time { 6.h * task.attempt }

    input:
    path(transcripts, stageAs: 'transcripts/*')
    path(genome, stageAs: 'genome/*')
    val opts

    output:
    path('salmon_index', emit: index)
    path('inputs.tsv', emit: inputs)
    tuple(val(task.process), val('salmon'), eval('salmon --version | cut -d" " -f2'), topic: versions)

    // awk ends the last line of a file that does not: the first decoy would be a part of the last transcript.
    script:
    def decoys = genome ? '--decoys decoys.txt' : ''
    """
    for file in ${transcripts} ${genome}; do zcat -f "\$file" | awk 1; done > sequences.fa
    gencode=\$(awk 'NR == 1 { print (/\\|/ ? "--gencode" : "") }' sequences.fa)
    zcat -f ${genome ?: '/dev/null'} | awk '/^>/ { print substr(\$1, 2) }' > decoys.txt
    salmon --no-version-check index --transcripts sequences.fa ${decoys} \$gencode --kmerLen ${opts.kmer_size} --threads ${task.cpus} --index salmon_index
    check_salmon_index.py --built salmon_index
    rm sequences.fa
    hash_inputs.py --role reference ${genome} --out inputs.tsv
    """

    stub:
    """
    mkdir salmon_index
    touch salmon_index/info.json
    printf 'path\\tsize\\tsha256\\trole\\n' > inputs.tsv
    """
}
