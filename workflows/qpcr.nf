/*
 * From Ct values to fold changes of the same contrasts as expression, held against these.
 */
include { ANALYZE_QPCR } from '../modules/local/analyze_qpcr/main'
include { placed } from '../functions/placed'
include { toolkitDigest } from '../functions/digest'
include { byName } from '../functions/channels'

workflow QPCR {
    take:
    qpcr            // table of Ct values, [] where not given
    samples         // final samples.tsv of each study
    contrasts       // contrasts.json of each study
    differential    // folder of each study that has gene tables
    opts            // [reference_genes:, vehicle:, max_ct_sd:, max_ct:, alpha:]

    main:
    ANALYZE_QPCR(
        channel.of(qpcr).filter { table -> table }.first(),
        byStudy(samples).filter { tables -> tables },    // none when the inputs were refused
        byStudy(contrasts),
        byName(differential),
        file("${projectDir}/assets/schema/qpcr.schema.json"),
        opts + [digest: toolkitDigest('analyze_qpcr.py')]
    )

    folder = ANALYZE_QPCR.out.folder
    published = ANALYZE_QPCR.out.tables.flatten().map { path -> placed(path, '', 1) }

    emit:
    folder
    published
}

/* Files of one name as one list, in the order of their studies. */
def byStudy(files) {
    files.flatten().toSortedList { path -> path.parent.name }
}
