/*
 * From CEL files, or from a ready matrix, to the log2 expression of the genes of each study.
 */
include { NORMALIZE_ARRAYS } from '../modules/local/normalize_arrays/main'
include { IMPORT_EXPRESSION } from '../modules/local/import_expression/main'
include { placed } from '../functions/placed'
include { toolkitDigest } from '../functions/digest'

workflow ARRAYS {
    take:
    rows      // one map per sample
    studies   // [study, samples.tsv]
    given     // files: [cdf:, probes:, expression_matrix:, probe_annotation:], [] where not given
    opts      // [array_method:, probesets_per_gene:]

    main:
    def cels = rows
        .filter { row -> row.data_source == 'cel' }
        .map { row -> [row.study, row.sample, file(row.cel, glob: false)] }
        .groupTuple()
        .map { study, names, files -> [study] + [names, files].transpose().sort { pair -> pair[0] }.transpose() }
    NORMALIZE_ARRAYS(
        cels.join(studies),
        given.cdf,
        given.probes,
        given.probe_annotation,
        opts + [digest: toolkitDigest('normalize_arrays.py')]
    )

    def without_files = rows.filter { row -> row.data_source == 'matrix' }.map { row -> row.study }.unique()
    IMPORT_EXPRESSION(
        without_files.join(studies),
        given.expression_matrix,
        given.probe_annotation,
        opts.subMap('probesets_per_gene') + [digest: toolkitDigest('import_expression.py')]
    )

    genes = NORMALIZE_ARRAYS.out.genes.mix(IMPORT_EXPRESSION.out.genes)
    quality = NORMALIZE_ARRAYS.out.quality.mix(IMPORT_EXPRESSION.out.quality)
    hashed = NORMALIZE_ARRAYS.out.inputs
    published = NORMALIZE_ARRAYS.out.tables.mix(IMPORT_EXPRESSION.out.tables).flatten().map { path -> placed(path, '', 2) }
        .mix(quality.map { folder -> placed(folder, '', 1) })

    emit:
    genes       // [study, log2 expression of genes]
    quality     // folder of each study
    hashed
    published
}
