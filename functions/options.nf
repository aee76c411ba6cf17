/*
 * Turns a map into command-line options: [threads: 2, strict: true, gtf: null] → --threads='2' --strict
 * Empty, null and false values give nothing; lists give several words. A value may begin with a dash.
 */
def options(values) {
    values
        .findAll { _name, value -> value || value == 0 }
        .collect { name, value -> option(name, value) }
        .join(' ')
}

def option(name, value) {
    if (value == true) {
        return "--${name}"
    }
    value instanceof List ? "--${name} ${value.collect { word -> quoted(word) }.join(' ')}" : "--${name}=${quoted(value)}"
}

def quoted(word) {
    "'" + word.toString().replace("'", "'\\''") + "'"
}

/* A text for MultiQC, which writes it as it is into its page and there into a script: nothing in it ends either. */
def inert(text) {
    def codes = ['&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;', '\\': '&#92;']
    (text ?: '').toString().replaceAll(/\s+/, ' ').collect { letter -> codes[letter] ?: letter }.join('')
}
