/*
 * Channels that steps share: lists in a fixed order, and files by their study.
 */

/* All items as one list in an order that does not depend on which task ended first, of like names either. */
def byName(items) {
    items.flatten().toSortedList { path -> "${path.name} ${path}".toString() }
}

/* Files in a folder named after their study → [study, file] */
def perStudy(files) {
    files.flatten().map { path -> [path.parent.name, path] }
}

/* [meta, file] of samples → [study, samples, files], by name of sample */
def bySample(items) {
    items
        .map { meta, path -> [meta.study, meta.sample, path] }
        .groupTuple()
        .map { study, names, paths -> [study] + [names, paths].transpose().sort { pair -> pair[0] }.transpose() }
}

/* The paths in a cell of samples.tsv: none where it is empty. */
def pathsOf(cell) {
    cell == 'NA' ? [] : cell.tokenize(';').collect { path -> file(path, glob: false) }
}

/*
 * [meta, mates 1, mates 2] of samples → the same of several samples, each a list: to start a program for every one of them
 * takes longer than its work where reads are few. A sample of many reads stays alone. They keep their order. Of more than
 * five the last two wait for `begun`: they fill the cores that other steps, one after the other, leave in the end.
 */
def fewReadsTogether(samples, begun) {
    def bySize = samples.branch { _meta, first, _second ->
        few: first.collect { path -> path.size() }.sum() < 100_000_000
        many: true
    }
    def few = bySize.few.toList()
    def last = few.filter { all -> all.size() > 5 }.map { all -> all.takeRight(2) }
    few.flatMap { all -> (all.size() > 5 ? all.dropRight(2) : all).collate(5) }
        .mix(last.combine(begun.first()).map { items -> items.dropRight(1) }, bySize.many.map { sample -> [sample] })
        .map { several -> several.transpose() }
        .map { metas, firsts, seconds ->
            [[metas, firsts, seconds].transpose().collect { meta, first, second -> meta + [lanes: first.size(), mates: second ? 2 : 1] }, firsts.flatten(), seconds.flatten()]
        }
}
