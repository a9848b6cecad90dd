# shellcheck shell=bash
# Every interleaving of the lock-free parts.

# loom_models BOUND [FILTER]: an empty bound is none.
loom_models() {
    [[ -z $1 ]] || export LOOM_MAX_PREEMPTIONS=$1
    # Of all that the tests link, only loom itself needs to be fast: the rest would be compiled for longer than it runs.
    RUSTFLAGS='--cfg rejoin_loom' counted cargo test --release --lib "${2-loom}" \
        --config 'profile.release.debug-assertions=true' \
        --config 'profile.release.opt-level=1' \
        --config 'profile.release.package."*".opt-level=0' \
        --config 'profile.release.package.loom.opt-level=3' \
        --config 'profile.release.package.generator.opt-level=3'
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
