include { options } from '../../../functions/options'

process NORMALIZE_ARRAYS {
    tag { study }
    label 'toolkit'
    cache 'deep'
    memory { (1.GB + 20.MB * names.size()) * task.attempt }

    input:
    tuple val(study), val(names), path(cels, stageAs: 'cel/?/*'), path(samples, stageAs: 'samples/*')
    path(cdf, stageAs: 'cdf/*')
    path(probes, stageAs: 'probes/*')
    path(probe_annotation, stageAs: 'annotation/*')
    val opts

    output:
    tuple(val(study), path("expression/${study}/gene_expression.tsv"), emit: genes)
    path("expression/${study}/*.tsv", emit: tables)
    path("arrays/${study}", emit: quality)
    path('inputs.tsv', emit: inputs)

    script:
    def chosen = [array_method: opts.array_method, probesets_per_gene: opts.probesets_per_gene]
    def more = options([names: names, cdf: cdf, probes: probes, probe_annotation: probe_annotation] + chosen)
    """
    normalize_arrays.py --cel ${cels} --samples ${samples} ${more} --outdir 'expression/${study}'
    mkdir -p arrays
    mv 'expression/${study}/arrays' 'arrays/${study}'
    hash_inputs.py --role cel --out inputs.tsv ${cels}
    """

    stub:
    """
    mkdir -p 'expression/${study}' 'arrays/${study}'
    printf 'path\\tsize\\tsha256\\trole\\n' > inputs.tsv
    touch 'expression/${study}/gene_expression.tsv' 'expression/${study}/probeset_expression.tsv' 'arrays/${study}/quality.tsv'
    """
}
