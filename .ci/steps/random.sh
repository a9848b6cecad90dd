# shellcheck shell=bash
# Random programs against a slow and obviously right model.

step_model() {
    local log=$work/model.log
    export PROPTEST_CASES=${PROPTEST_CASES:-120000}
    counted cargo test --release --test model -- --show-output | tee "$log"
    note "$(grep -E '^[0-9]+ programs of [0-9]+ steps' "$log" | paste -sd ,)"
}

step_fuzz() {
    local seconds=${FUZZ_SECONDS:-300} target targets=() runs
    cargo_tool cargo-fuzz 0.13.2
    mapfile -t targets < <(cargo fuzz list)
    ((${#targets[@]}))
    for target in "${targets[@]}"; do
        unstable cargo fuzz run "$target" -- -max_total_time="$seconds" -max_len=512 -print_final_stats=1 2>&1 | tee "$work/fuzz.log"
        runs=$(awk '/stat::number_of_executed_units/ { print $2 }' "$work/fuzz.log")
        note "$target: $runs programs in $seconds s"
    done
    note "$(cargo fuzz --version)"
}
