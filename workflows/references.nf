/*
 * Index and gene map: nothing is built that the user gave or that no sample needs.
 */
include { GFFREAD } from '../modules/local/gffread/main'
include { SALMON_INDEX } from '../modules/local/salmon_index/main'
include { BUILD_TX2GENE } from '../modules/local/build_tx2gene/main'
include { toolkitDigest } from '../functions/digest'

workflow REFERENCES {
    take:
    checked         // one item when the inputs are accepted
    to_quantify     // one item when there are reads
    references      // [transcripts:, annotation:, tx2gene:, genome:, index:], [] where not given
    kmer_size

    main:
    GFFREAD(
        to_quantify.filter { !references.transcripts && !references.index }.map { _yes -> references.genome },
        references.annotation
    )
    def transcripts = references.transcripts
        ? checked.map { _yes -> references.transcripts }
        : GFFREAD.out.transcripts.ifEmpty { [] }
    SALMON_INDEX(
        to_quantify.filter { !references.index }.combine(transcripts.filter { fasta -> fasta }).map { _yes, fasta -> fasta }.first(),
        references.genome,
        [kmer_size: kmer_size, digest: toolkitDigest('hash_inputs.py')]
    )
    index = references.index ? to_quantify.map { _yes -> references.index } : SALMON_INDEX.out.index
    BUILD_TX2GENE(
        checked.filter { references.annotation && !references.tx2gene }.map { _yes -> references.annotation },
        transcripts,
        [digest: toolkitDigest('build_tx2gene.py')]
    )
    tx2gene = references.tx2gene ? checked.map { _yes -> references.tx2gene } : BUILD_TX2GENE.out.tx2gene
    hashed = GFFREAD.out.inputs.mix(SALMON_INDEX.out.inputs)

    emit:
    index
    tx2gene
    hashed      // inputs.tsv of what was read
}
