/*
 * Turns a map into command-line options: [threads: 2, strict: true, gtf: null] → --threads '2' --strict
 * Empty, null and false values give nothing; lists give several words.
 */
def options(values) {
    values
        .findAll { _name, value -> value || value == 0 }
        .collect { name, value -> value == true ? "--${name}" : "--${name} ${quoted(value)}" }
        .join(' ')
}

def quoted(value) {
    def words = value instanceof List ? value : [value]
    words.collect { word -> "'" + word.toString().replace("'", "'\\''") + "'" }.join(' ')
}

/*
 * A digest of the command and of the toolkit modules that it imports, directly or not: part of a task's
 * input, so that an edit of report.py re-runs the report and not a thousand Salmon jobs.
 */
def toolkitDigest(command) {
    importedFiles(command).collect { source -> source.text }.join('\n').digest('SHA-256')
}

def importedFiles(command) {
    def bin = file("${projectDir}/bin")
    def reached = [bin.resolve(command)]
    def index = 0
    while (index < reached.size()) {
        def found = importedModules(reached[index].text).collectMany { name -> moduleFiles(bin, name) }
        reached.addAll(found.unique().findAll { source -> !reached.contains(source) })
        index += 1
    }
    reached.sort { source -> source.toString() }
}

/* Dotted names that a source imports: `from rxpress.a import b` may mean rxpress.a or the module rxpress.a.b. */
def importedModules(source) {
    def statements = (source =~ /(?m)^\s*from\s+(rxpress[\w.]*)\s+import\s+(\([^)]*\)|.*)$/).collect { found -> found }
    def names = statements.collectMany { found ->
        [found[1]] + (found[2] =~ /\w+/).collect { word -> "${found[1]}.${word}" }
    }
    names + (source =~ /(?m)^\s*import\s+(rxpress[\w.]*)/).collect { found -> found[1] }
}

/* The files of a dotted name: the module, and the packages above it. */
def moduleFiles(bin, name) {
    def parts = name.toString().tokenize('.')
    def packages = (1..parts.size()).collect { depth -> bin.resolve(parts.take(depth).join('/')).resolve('__init__.py') }
    (packages + [bin.resolve("${parts.join('/')}.py")]).findAll { source -> source.exists() }
}
