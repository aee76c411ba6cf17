/*
 * Steps of the pipeline alone, a task for each fault of their tools: --faults a,b names the tasks.
 */
include { FASTQC } from '../../modules/local/fastqc/main'
include { MULTIQC } from '../../modules/local/multiqc/main'
include { SALMON_INDEX } from '../../modules/local/salmon_index/main'

workflow {
    def faults = channel.fromList(params.faults.tokenize(','))
    FASTQC(faults.map { fault -> [[[sample: fault, lanes: 1, mates: 1]], file(params.reads), []] })
    MULTIQC(file(params.logs), file(params.config), [], faults.map { fault -> [report_title: fault] })
    // The only word of its command that may differ is the length of k-mers, which is odd.
    SALMON_INDEX(file(params.transcripts), [], faults.map { fault -> [kmer_size: 11 + 2 * params.faults.tokenize(',').indexOf(fault)] })
}
