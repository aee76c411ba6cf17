#!/usr/bin/env nextflow
/*
 * rxpress: from the raw data of a drug-response study to one report.
 * check → reads, arrays, viability → contrasts and tests → what they mean, qPCR → report
 */
include { INPUTS } from './workflows/inputs'
include { READS } from './workflows/reads'
include { ARRAYS } from './workflows/arrays'
include { DOSE } from './workflows/dose'
include { DIFFERENTIAL } from './workflows/differential'
include { QPCR } from './workflows/qpcr'
include { INTERPRET } from './workflows/interpret'
include { REPORT } from './workflows/report'
include { knownOf } from './functions/known'
include { existing } from './functions/peek'
include { placed } from './functions/placed'
include { unwritable } from './functions/disks'
include { helpText ; closingText } from './functions/messages'
include { IMPORT_COUNTS } from './modules/local/import_counts/main'
include { toolkitDigest } from './functions/digest'

workflow RXPRESS {
    take:
    given   // map of all parameters

    main:
    INPUTS(given)

    // Nothing below starts before CHECK_INPUTS has accepted everything.
    READS(
        INPUTS.out.rows,
        INPUTS.out.studies,
        INPUTS.out.known,
        [
            transcripts: existing(given.transcripts),
            annotation: existing(given.gtf ?: given.gff),
            tx2gene: existing(given.tx2gene),
            genome: existing(given.genome),
            index: existing(given.salmon_index),
            aligner_index: given.aligner == 'none' ? [] : existing(given["${given.aligner}_index"])
        ],
        [
            skip_fastqc: given.skip_fastqc,
            kmer_size: given.kmer_size,
            aligner: given.aligner,
            extra_aligner_args: given.extra_aligner_args,
            quantify: given.subMap('bootstraps', 'skip_trimming', 'extra_fastp_args', 'extra_salmon_args'),
            merge: given.subMap('transcript_tables')
        ]
    )

    def without_files = INPUTS.out.rows
        .filter { row -> row.data_source == 'counts' }
        .map { row -> row.study }
        .unique()
    IMPORT_COUNTS(
        without_files.join(INPUTS.out.studies),
        existing(given.counts),
        READS.out.tx2gene.ifEmpty { [] },
        [digest: toolkitDigest('import_counts.py')]
    )
    ARRAYS(
        INPUTS.out.rows,
        INPUTS.out.studies,
        ['cdf', 'probes', 'expression_matrix', 'probe_annotation'].collectEntries { name -> [name, existing(given[name])] },
        given.subMap('array_method', 'probesets_per_gene')
    )
    def expression = READS.out.counts
        .map { study, plain, scaled, lengths ->
            [study, given.length_correction == 'scaled' ? scaled : plain, given.length_correction == 'offset' ? lengths : [], []]
        }
        .mix(IMPORT_COUNTS.out.counts.map { study, plain -> [study, plain, [], []] })
        .mix(ARRAYS.out.genes.map { study, log2 -> [study, [], [], log2] })

    DOSE(existing(given.viability), INPUTS.out.samples, given.subMap('vehicle', 'ic50_threshold'))
    DIFFERENTIAL(
        INPUTS.out.samples.filter { table -> table.countLines() > 1 },
        READS.out.status,
        expression,
        DOSE.out.labels,
        [contrasts: existing(given.contrasts), control_genes: existing(given.control_genes)],
        [
            design: given.subMap(
                'drug', 'vehicle', 'covariates', 'min_reads', 'min_mapped_percent', 'min_rin', 'min_purity', 'strict'
            ),
            test: given.subMap('length_correction', 'test_method', 'fit', 'inference', 'alpha', 'fold_change', 'p_value')
        ]
    )

    QPCR(
        existing(given.qpcr),
        DIFFERENTIAL.out.samples_of_studies,
        DIFFERENTIAL.out.contrasts_of_studies,
        DIFFERENTIAL.out.differential,
        given.subMap('reference_genes', 'vehicle', 'max_ct_sd', 'max_ct', 'alpha')
    )
    def known = knownOf(given)
    INTERPRET(
        DIFFERENTIAL.out.differential,
        DIFFERENTIAL.out.expression,
        known,
        given.subMap('drug', 'permutations', 'seed') + [packs_given: given.drug_pack as boolean]
    )

    REPORT(
        [
            inputs: INPUTS.out.samples.mix(INPUTS.out.plan, DIFFERENTIAL.out.excluded),
            status: READS.out.status,
            alignments: READS.out.quality,
            expression: DIFFERENTIAL.out.expression,
            differential: DIFFERENTIAL.out.differential,
            arrays: ARRAYS.out.quality,
            findings: INTERPRET.out.folders.mix(DOSE.out.folder, QPCR.out.folder),
            logs: READS.out.logs,
            hashed: INPUTS.out.hashed.mix(READS.out.hashed, ARRAYS.out.hashed)
        ],
        INPUTS.out.samples.mix(INPUTS.out.plan).map { path -> ['inputs', path] }
            .mix(READS.out.published, ARRAYS.out.published, DIFFERENTIAL.out.published, INTERPRET.out.published, DOSE.out.published, QPCR.out.published)
            .mix(IMPORT_COUNTS.out.counts.map { _study, path -> placed(path, '', 2) }),
        known,
        given
    )
}

workflow {
    if (params.help || params.version) {
        println(params.help ? helpText() : "rxpress ${workflow.manifest.version}")
    }
    else if (!(params.input || params.viability) || !params.outdir) {
        error("--input (or --viability) and --outdir are required, e.g. nextflow run . --input samplesheet.csv --outdir results; --help lists all parameters")
    }
    else if (unwritable(params.outdir)) {
        error("--outdir ${params.outdir}: cannot be written: ${unwritable(params.outdir)}; name another folder, or see to rights and room there")
    }
    else {
        RXPRESS(params)
        workflow.onComplete = {
            println(closingText(workflow, params.outdir))
        }
    }
}
