/*
 * The command that tells the version of a Python package: from its record, as to import it may take seconds.
 */
def packageVersion(name) {
    "python3 -c 'from importlib.metadata import version; print(version(\"${name}\"))'"
}
