# shellcheck shell=bash
# Use after free, leaks, races, undefined behaviour.

# A test that leaks still prints "ok": the exit status tells.
address_sanitizer() {
    RUSTFLAGS=-Zsanitizer=address counted unstable cargo test --target "$host" "$@"
}

step_leaks() {
    address_sanitizer --lib --test it --test model
}

# Beyond `leaks`: also what a function's frame leaves behind; all tests, and the examples that they run.
step_address() {
    ASAN_OPTIONS=detect_stack_use_after_return=1:check_initialization_order=1:strict_init_order=1 \
        address_sanitizer --package rejoin --lib --tests --examples
}

step_thread() {
    local rust
    rust=$(debian_rust_src) || unavailable "the standard library's source is not to be had"
    RUSTC=$rust/rustc RUSTFLAGS='-Zsanitizer=thread' TSAN_OPTIONS=suppressions=$PWD/.ci/tsan-suppressions.txt \
        counted unstable cargo test -Zbuild-std --target "$host" --lib --test it
    note "$("$rust/rustc" --version)"
}

step_miri() {
    cargo +nightly miri --version 2>/dev/null || unavailable 'the miri component of a nightly toolchain is not installed'
    local flags='-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check -Zmiri-many-seeds=0..16'
    MIRIFLAGS=$flags counting='stacked borrows' counted cargo +nightly miri test --lib
    MIRIFLAGS="$flags -Zmiri-tree-borrows" counting='tree borrows' counted cargo +nightly miri test --lib
    note "$(cargo +nightly miri --version)"
}

# The test binary of the integration tests or of the library: test_binary it|rejoin.
test_binary() {
    cargo test --no-run --lib --test it --message-format json |
        python3 -c 'import json, sys
for line in map(json.loads, sys.stdin):
    if line.get("executable") and line["target"]["name"] == sys.argv[1]: print(line["executable"])' "$1"
}

step_valgrind() {
    local name binary
    apt_install valgrind valgrind
    for name in rejoin it; do
        binary=$(test_binary "$name")
        counting=$name counted valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=9 \
            --suppressions=.ci/valgrind.supp --fair-sched=yes "$binary" --test-threads=1
    done
    note "$(valgrind --version)"
}

# Nothing may rest on how the compiler lays out a type.
step_layout() {
    local seed
    for seed in 7 11 13; do
        RUSTFLAGS="-Zrandomize-layout -Zlayout-seed=$seed" counting="seed $seed" \
            counted unstable cargo test --lib --test it
    done
}
