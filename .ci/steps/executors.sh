# shellcheck shell=bash
# The other packages of the workspace: every executor, long random runs, cost in instructions.

step_matrix() {
    counted cargo test --package matrix
}

step_soak() {
    local seconds=${SOAK_SECONDS:-$([[ -n ${DEEP-} ]] && echo 600 || echo 10)}
    cargo run --release --package matrix --bin soak -- --seconds "$seconds" | tee "$work/soak.log"
    note "$seconds s a runtime: $(tail -n 1 "$work/soak.log")"
}

# Instructions and allocations of a dozen workloads, against recorded values.
step_instructions() {
    apt_install valgrind valgrind
    cargo run --release --package peers-bench -- guard --check
}
