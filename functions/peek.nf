/*
 * A look at the files that the user names, for CHECK_INPUTS: line, column, path, kind, size and first bytes.
 */

/* A file for staging, or nothing when there is none or a device: CHECK_INPUTS says so from its row in peek.tsv. */
def existing(path) {
    def found = path && path instanceof CharSequence ? file(path, glob: false) : null
    found && found.exists() && !isDevice(found) ? found : []
}

/* Whether a path is a pipe, a socket or a device: the first would be waited for, the last read for ever. */
def isDevice(found) {
    found.exists() && !found.isDirectory() && !found.isFile()
}

def peekParameters(given) {
    def named = ['input', 'transcripts', 'gtf', 'gff', 'tx2gene', 'genome', 'salmon_index', 'star_index', 'hisat2_index', 'counts', 'expression_matrix', 'viability', 'qpcr', 'contrasts', 'control_genes']
    def known = ['cdf', 'probes', 'probe_annotation', 'drug_pack', 'signatures', 'gene_sets', 'pathway_weights', 'multiqc_config']
    (named + known)
        .findAll { name -> given[name] }
        .collectMany { name -> peekParameter(name, given[name].toString()) }
}

/* A parameter's file or folder; of an index that is not staged for the check, the files that it needs. */
def peekParameter(name, typed) {
    def found = file(typed, glob: false)
    def needed = [star_index: ['genomeParameters.txt', 'Genome', 'SA', 'SAindex', 'exons.sha256'], hisat2_index: ['*.1.ht2']][name]
    def of_index = needed && found.isDirectory() ? needed.collect { one -> look(0, "${name}_file", one, fileIn(found, one)) } : []
    [look(0, "--${name}", typed, found)] + of_index
}

/* A file of a folder; `*` stands for a beginning, and HISAT2 gives large indexes a letter more. */
def fileIn(folder, name) {
    def ending = name.drop(1)
    def matching = name.startsWith('*') ? folder.listFiles().findAll { one -> one.name.endsWith(ending) || one.name.endsWith("${ending}l") } : []
    matching ? matching[0] : folder.resolve(name.replace('*', 'index'))
}

/* A row for each path cell of the sheet: relative to the sheet, then to the launch folder; URIs allowed. */
def peekSheet(path) {
    def sheet = existing(path)
    if (!sheet || sheet.isDirectory() || sheet.size() == 0) {
        return []
    }
    def lines = sheet.readLines('UTF-8')
    def header_at = lines.findIndexOf { line -> line.trim() }
    def header = lines[header_at] ?: ''
    def separator = header.contains('\t') ? '\t' : header.contains(';') && !header.contains(',') ? ';' : ','
    def names = cells(header.replace('\uFEFF', ''), separator)
    def rows = []
    lines.eachWithIndex { line, index ->
        if (index > header_at && line.trim()) {
            def values = cells(line, separator)
            rows.addAll(names.withIndex()
                .findAll { name, at -> name in ['fastq_1', 'fastq_2', 'quant', 'bam', 'cel'] && values[at] && values[at] != 'NA' }
                .collectMany { name, at -> peekCell(index + 1, name, values[at], sheet) })
        }
    }
    rows
}

def peekCell(line, name, value, sheet) {
    def beside = value.contains('://') || value.startsWith('/') ? file(value, glob: false) : sheet.parent.resolve(value)
    def found = beside.exists() ? beside : file(value, glob: false)
    def row = look(line, name, value, found)
    if (name == 'bam' && found.isFile()) {
        return [row, lookAtEnd(line, value, found)]
    }
    if (name != 'quant' || !found.isDirectory()) {
        return [row]
    }
    def table = found.resolve('quant.sf').exists() ? found.resolve('quant.sf') : found.resolve('quant.sf.gz')
    def info = found.resolve('aux_info/meta_info.json')
    [row, look(line, 'quant_file', value, table), look(line, 'quant_info', value, info)]
}

/* Cells of a line; quotes protect the separator, and a doubled quote is a quote. */
def cells(line, separator) {
    def found = []
    def cell = new StringBuilder()
    def quoted = false
    line.each { letter ->
        if (letter == '"') {
            quoted = !quoted
        }
        else if (letter == separator && !quoted) {
            found << cell.toString().trim()
            cell = new StringBuilder()
        }
        else {
            cell.append(letter)
        }
    }
    found + [cell.toString().trim()]
}

/* A row as a line of TSV; a cell that holds a tab, a quote or a line break is quoted. */
def tableLine(row) {
    row.collect { cell -> cell.toString() =~ /[\t"\r\n]/ ? '"' + cell.toString().replace('"', '""') + '"' : cell }.join('\t')
}

/* Line, column, path as typed, path tried, exists, kind, size, and the first 4 kB in base 64. */
def look(line, column, typed, found) {
    if (!found.exists()) {
        return [line, column, typed, found.toUriString(), false, 'missing', 0, '']
    }
    if (found.isDirectory()) {
        return [line, column, typed, found.toUriString(), true, 'folder', 0, '']
    }
    if (isDevice(found)) {
        return [line, column, typed, found.toUriString(), true, 'device', 0, '']
    }
    try {
        def head = found.newInputStream().withCloseable { stream -> stream.readNBytes(4096) }
        return [line, column, typed, found.toUriString(), true, 'file', found.size(), head.encodeBase64().toString()]
    }
    catch (IOException _error) {
        return [line, column, typed, found.toUriString(), true, 'unreadable', found.size(), '']
    }
}

/* The last 28 bytes of a BAM file, the same in all that are whole. Files of a store are not read to their end. */
def lookAtEnd(line, typed, found) {
    def place = found.toUriString()
    if (place.contains('://') || found.size() < 28) {
        return [line, 'bam_end', typed, place, true, 'unreadable', found.size(), '']
    }
    try {
        def bytes = found.newInputStream().withCloseable { stream ->
            stream.skipNBytes(found.size() - 28)
            stream.readNBytes(28)
        }
        return [line, 'bam_end', typed, place, true, 'file', found.size(), bytes.encodeBase64().toString()]
    }
    catch (IOException _error) {
        return [line, 'bam_end', typed, place, true, 'unreadable', found.size(), '']
    }
}
