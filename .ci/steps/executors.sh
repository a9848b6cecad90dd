# shellcheck shell=bash
# The other packages of the workspace: every executor, long random runs, cost in instructions.

step_matrix() {
    counted cargo test --package matrix
}

# The runtimes side by side, each in a process of its own: more disturbance, less time.
step_soak() {
    local seconds=${SOAK_SECONDS:-$([[ -n ${DEEP-} ]] && echo 600 || echo 10)} runtime pids=() pid failed=0
    cargo build --release --package matrix --bin soak
    for runtime in tokio smol async-std; do
        "$CARGO_TARGET_DIR/release/soak" --runtime "$runtime" --seconds "$seconds" >"$work/soak-$runtime.log" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=1
    done
    for runtime in tokio smol async-std; do
        cat "$work/soak-$runtime.log"
        note "$(tail -n 1 "$work/soak-$runtime.log")"
    done
    ((failed == 0))
}

# Instructions and allocations of a dozen workloads, against recorded values.
step_instructions() {
    apt_install valgrind valgrind
    cargo run --release --package peers-bench -- guard --check
}
