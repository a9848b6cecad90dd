# shellcheck shell=bash
# Use after free, leaks, races, undefined behaviour.

# Also what a function's frame leaves behind; all tests, and the examples that they run. A test that leaks still prints "ok": the
# exit status tells.
step_address() {
    export RUSTFLAGS=-Zsanitizer=address
    export ASAN_OPTIONS=detect_stack_use_after_return=1:check_initialization_order=1:strict_init_order=1
    unstable cargo build --target "$host" --package rejoin --examples
    counted unstable cargo test --target "$host" --package rejoin --tests
}

step_thread() {
    local rust
    rust=$(debian_rust_src) || unavailable "the standard library's source is not to be had"
    RUSTC=$rust/rustc RUSTFLAGS='-Zsanitizer=thread' TSAN_OPTIONS=suppressions=$PWD/.ci/tsan-suppressions.txt \
        counted unstable cargo test -Zbuild-std --target "$host" --test faults --test it
    note "$("$rust/rustc" --version)"
}

# Miri and valgrind run one thread at a time, and slowly: the cases on the executor that has no threads, without those of a
# million children. AddressSanitizer runs them all.
one_thread=(on_block_on --test-threads=1 --skip cases::scale --skip cases::threads --skip a_long_run_of_ready_children)

step_miri() {
    cargo +nightly miri --version 2>/dev/null || unavailable 'the miri component of a nightly toolchain is not installed'
    local flags='-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check -Zmiri-many-seeds=0..16'
    MIRIFLAGS=$flags counting='stacked borrows' counted cargo +nightly miri test --test it -- "${one_thread[@]}"
    MIRIFLAGS="$flags -Zmiri-tree-borrows" counting='tree borrows' counted cargo +nightly miri test --test it -- "${one_thread[@]}"
    note "$(cargo +nightly miri --version)"
}

# The integration tests' binary.
test_binary() {
    cargo test --no-run --test it --message-format json |
        python3 -c 'import json, sys
print(*(line["executable"] for line in map(json.loads, sys.stdin) if line.get("executable")))'
}

# Where there are no timers a sleep is a thread, and one case begins 800 of an hour each.
memcheck=(valgrind --quiet --max-threads=2000 --leak-check=full --show-leak-kinds=definite
    --errors-for-leak-kinds=definite --error-exitcode=9 --fair-sched=yes)

# Without a build of its own: the subjects in which most is dropped, on the executor that has no threads.
step_leaks() {
    local binary subject
    apt_install valgrind valgrind
    binary=$(test_binary)
    for subject in gather try_gather wait as_completed timeout drops order nesting set; do
        counting=$subject counted "${memcheck[@]}" "$binary" "cases::$subject" --test-threads=1 \
            --skip on_tokio --skip on_smol --skip on_async_std
    done
}

step_valgrind() {
    apt_install valgrind valgrind
    counted "${memcheck[@]}" "$(test_binary)" "${one_thread[@]}"
    note "$(valgrind --version)"
}

# Nothing may rest on how the compiler lays out a type: the crate's own and those of its tests, whose dependencies stay as they are.
step_layout() {
    local seed
    for seed in 7 11 13; do
        counting="seed $seed" counted unstable cargo -Zprofile-rustflags \
            --config "profile.dev.package.rejoin.rustflags=['-Zrandomize-layout', '-Zlayout-seed=$seed']" \
            test --test faults --test it --test model
    done
}
