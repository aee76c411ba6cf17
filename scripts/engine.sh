# Sourced by scripts: what is on PATH, and which container engine answers.
have() { command -v "$1" > /dev/null 2>&1; }

# find_engine docker podman: prints the first of them that answers; status 1 if none does.
find_engine() {
    local engine
    for engine in "$@"; do
        if have "$engine" && "$engine" info > /dev/null 2>&1; then
            printf '%s\n' "$engine"
            return
        fi
    done
    return 1
}
