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
