process GFFREAD {
    label 'reads'
    memory { (1.GB + genome.size() * 8.B) * task.attempt }

    input:
    path(genome, stageAs: 'genome/*')
    path(annotation, stageAs: 'annotation/*')

    output:
    path('transcripts.fa', emit: transcripts)
    path('inputs.tsv', emit: inputs)
    tuple(val(task.process), val('gffread'), eval('gffread --version 2>&1'), topic: versions)

    // gffread stops at a strand that is none of + - . (TAIR10 gives its chromosomes a *).
    script:
    """
    zcat -f ${genome} > genome.fa
    zcat -f ${annotation} | awk 'BEGIN { FS = OFS = "\\t" } !/^#/ && \$7 !~ /^[-+.]\$/ { \$7 = "." } { print }' > annotation.gff
    gffread annotation.gff -g genome.fa -w transcripts.fa
    test -s transcripts.fa || { echo 'error: no transcript could be extracted: do the sequence names of the genome and of the annotation agree?' >&2; exit 2; }
    test -z "\$(tail -c 1 transcripts.fa)" || { echo 'error: gffread ended well but left transcripts.fa incomplete; is the disk full?' >&2; exit 1; }
    rm genome.fa genome.fa.fai annotation.gff
    hash_inputs.py --role genome ${genome} --out inputs.tsv
    """

    stub:
    """
    printf '>stub\\nACGT\\n' > transcripts.fa
    printf 'path\\tsize\\tsha256\\trole\\n' > inputs.tsv
    """
}
