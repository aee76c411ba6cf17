/*
 * From viability to IC50s, and to lines called sensitive and resistant.
 */
include { FIT_DOSE_RESPONSE } from '../modules/local/fit_dose_response/main'
include { placed } from '../functions/placed'
include { toolkitDigest } from '../functions/digest'

workflow DOSE {
    take:
    viability   // table, [] where not given
    samples     // samples.tsv of all studies
    opts        // [vehicle:, ic50_threshold:]

    main:
    FIT_DOSE_RESPONSE(
        channel.of(viability).filter { table -> table }.first(),
        samples,
        file("${projectDir}/assets/schema/viability.schema.json"),
        opts + [digest: toolkitDigest('fit_dose_response.py')]
    )

    folder = FIT_DOSE_RESPONSE.out.folder
    labels = FIT_DOSE_RESPONSE.out.labels.ifEmpty { [] }
    published = FIT_DOSE_RESPONSE.out.tables.flatten().map { path -> placed(path, '', 1) }

    emit:
    folder
    labels      // labels.tsv, or [] without viability
    published
}
