# shellcheck shell=bash
# Every interleaving of the lock-free parts.

# loom_models BOUND [FILTER]: an empty bound is none.
loom_models() {
    local log=$work/loom.log
    [[ -z $1 ]] || export LOOM_MAX_PREEMPTIONS=$1
    LOOM_LOG=loom::model=info RUSTFLAGS='--cfg rejoin_loom' counted cargo test --release --manifest-path checks/Cargo.toml \
        --package loom-models --lib "${2-loom}" --config 'profile.release.debug-assertions=true' -- --show-output | tee "$log"
    note "$(grep -oP 'Completed in \K[0-9]+(?= iterations)' "$log" | awk '{ n += $1 } END { print n }') interleavings"
}

step_loom() {
    loom_models 2
}

step_loom_3() {
    loom_models 3
}

# Models of two threads, with no bound at all.
step_loom_unbounded() {
    loom_models '' two_threads
}

# Each ordering that the proofs rest on, made weaker in a copy: the model named beside it must fail.
step_weakened() {
    python3 .ci/weakened.py .ci/weakened.toml "$work/weakened"
    note "$(tail -n +3 "$work/weakened/table.md" | wc -l) weakened, each caught by a model"
}
