/*
 * What is printed: the parameters from the schema, and how the run ended.
 */
include { diskAdvice } from './disks'

def helpText() {
    def schema = new groovy.json.JsonSlurper().parse(file("${projectDir}/nextflow_schema.json"))
    def groups = schema['$defs'].values().collect { group ->
        def lines = group.properties.collect { name, one -> helpLine(name, one) }
        "${group.title}\n${lines.join('\n')}"
    }
    def title = "rxpress ${workflow.manifest.version}: ${workflow.manifest.description}"
    def example = 'nextflow run . --input samplesheet.csv --transcripts T.fa.gz --gtf G.gtf.gz --outdir results'
    ([title, example] + groups).join('\n\n')
}

def helpLine(name, one) {
    def choices = one['enum'] ? " [${one['enum'].join('|')}]" : ''
    def initial = one.containsKey('default') ? " (default: ${one['default']})" : ''
    "  --${name.padRight(20)} ${one.description}${choices}${initial}"
}

/* The last words: where the report is, and which samples were left out of the tests and why. */
def closingText(run, outdir) {
    if (!run.success) {
        def problems = problemLines(run.errorReport)
        def said = problems ?: ["The reason stands above, and in ${run.launchDir}/.nextflow.log."]
        def words = taskLog(run.errorReport) + linesOf(file("${run.launchDir}/.nextflow.log"))
        return (['', 'rxpress did not finish.'] + said + failedStep(run.errorReport) + diskAdvice(words.join('\n'), outdir, run.workDir)).join('\n')
    }
    def table = file("${outdir}/inputs/excluded_samples.tsv")
    def excluded = run.stubRun || !table.exists() ? [] : table.readLines().drop(1)
    def names = excluded.collect { line -> line.split('\t') }.collect { cells -> "  ${cells[0]} (${cells[1]}): ${cells[2]}" }
    def left_out = names ? ["${names.size()} sample(s) left out of the tests:"] + names : table.exists() ? ['All samples were used.'] : []
    (['', "rxpress is done: ${outdir}/report/rxpress_report.html"] + left_out).join('\n')
}

/* The step that failed, its sample, and where its log is. */
def failedStep(report) {
    def step = (report ?: '') =~ /process > '([^']+)'/
    def folder = taskFolder(report)
    step.find() && folder ? ["Step ${step.group(1).tokenize(':').last()}; its log: ${folder}/.command.log"] : []
}

/* Every `error:` line of the task that failed. (Nextflow's own message shows only the last of them.) */
def problemLines(report) {
    taskLog(report).findAll { line -> line.startsWith('error: ') }
}

/* What the task that failed wrote to its standard error. */
def taskLog(report) {
    def folder = taskFolder(report)
    folder ? linesOf(file("${folder}/.command.err")) : []
}

/* The folder of the task that failed, null where no task did. */
def taskFolder(report) {
    def named = (report ?: '') =~ /Work dir:\s+(\S+)/
    named.find() ? named.group(1) : null
}

def linesOf(path) {
    path.exists() ? path.readLines() : []
}
