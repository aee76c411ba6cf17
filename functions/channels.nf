/*
 * Channels that steps share: lists in a fixed order, and files by their study.
 */

/* All items as one list in an order that does not depend on which task ended first. */
def byName(items) {
    items.flatten().toSortedList { path -> path.name }
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
