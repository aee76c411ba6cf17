/*
 * From the gene tables of each study to its contrasts and their tests.
 */
include { DESIGN_CONTRASTS } from '../modules/local/design_contrasts/main'
include { TEST_EXPRESSION } from '../modules/local/test_expression/main'
include { placed } from '../functions/placed'
include { perStudy } from '../functions/channels'
include { toolkitDigest } from '../functions/digest'

workflow DIFFERENTIAL {
    take:
    samples     // samples.tsv of all studies
    status      // status.json of each sequenced sample
    measured    // [study, counts for the tests or [], gene lengths or [], log2 expression of arrays or []]
    labels      // responses of lines by IC50, or []
    requested   // [contrasts:, control_genes:], [] where not given
    opts        // [design:, test:]

    main:
    DESIGN_CONTRASTS(
        samples,
        status.toSortedList { path -> path.name },
        requested.contrasts,
        labels,
        opts.design + [digest: toolkitDigest('design_contrasts.py')]
    )
    def designs = perStudy(DESIGN_CONTRASTS.out.samples).join(perStudy(DESIGN_CONTRASTS.out.contrasts))
    TEST_EXPRESSION(
        measured.join(designs),
        requested.control_genes,
        opts.test + [digest: toolkitDigest('test_expression.py')]
    )

    samples_of_studies = DESIGN_CONTRASTS.out.samples
    contrasts_of_studies = DESIGN_CONTRASTS.out.contrasts
    excluded = DESIGN_CONTRASTS.out.excluded
    expression = TEST_EXPRESSION.out.for_report
    differential = TEST_EXPRESSION.out.differential
    published = DESIGN_CONTRASTS.out.excluded.map { path -> ['inputs', path] }
        .mix(TEST_EXPRESSION.out.differential.map { folder -> placed(folder, '', 1) }, TEST_EXPRESSION.out.log2_expression.map { path -> placed(path, '', 2) })

    emit:
    samples_of_studies
    contrasts_of_studies
    excluded
    expression
    differential
    published
}
