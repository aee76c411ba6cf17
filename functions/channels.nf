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
