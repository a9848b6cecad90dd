# shellcheck shell=bash
# How good the tests are: mutants that survive, lines and branches that nothing runs.

# mutate PHASE OPTION...: changes what no earlier phase has caught, one place at a time, and runs the tests of the options.
mutate() {
    local phase=$1 code=0
    shift
    # The tests are the same for every mutant, and the first that fails is enough. With a folder of its own for each job, builds are
    # incremental and take seconds.
    env -u CARGO_TARGET_DIR CARGO_INCREMENTAL=1 CARGO_PROFILE_DEV_DEBUG=0 PROPTEST_CASES=64 PROPTEST_RNG_SEED=1 \
        cargo mutants --package rejoin --iterate --output "$out" --jobs "$(nproc)" --timeout 20 --no-shuffle \
        "${files[@]}" "$@" || code=$?
    # 2: some were missed, 3: some timed out, which is a way to be caught.
    ((code == 0 || code == 2 || code == 3))
    cp -r "$out/mutants.out" "$out/$phase"
    # As far as the next phase goes.
    cat "$out/$phase/timeout.txt" >>"$out/mutants.out/caught.txt"
}

# A surviving mutant must be argued for in .ci/mutants.toml. The model catches most in no time. What it leaves is for the other tests, those
# last that take longest to build. What only another thread can tell is in .ci/weakened.toml, for loom.
step_mutants() {
    cargo_tool cargo-mutants 27.1.0
    local out=$work/mutants files=(--file src/set.rs --file 'src/set/**' --exclude src/set/ready/models.rs --exclude 'src/set/ready/models/**')
    if [[ -n ${MUTANTS-} ]]; then
        read -ra files <<<"$MUTANTS"
        files=("${files[@]/#/--file=}")
    fi
    rm -rf "$out"
    mkdir -p "$out"
    mutate 1-model --cargo-arg=--test=model
    mutate 2-faults --cargo-arg=--lib --cargo-arg=--test={alloc,faults}
    mutate 3-tests --cargo-arg=--test=it -- -- --skip on_async_std --skip on_smol --skip on_tokio
    python3 .ci/mutants.py .ci/mutants.toml "$out"
    note "$(cargo mutants --version): $(cat "$out/summary")"
}

step_coverage() {
    cargo_tool cargo-llvm-cov 0.9.1
    local llvm tools=$work/llvm out=$work/coverage
    # The tools must be of the LLVM that the compiler is built with.
    llvm=$(rustc --version --verbose | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    apt_unpack "$tools" "llvm-$llvm" "libllvm$llvm"
    mkdir -p "$out"
    export LD_LIBRARY_PATH=$tools/usr/lib/x86_64-linux-gnu:$tools/usr/lib/llvm-$llvm/lib
    export LLVM_COV=$tools/usr/lib/llvm-$llvm/bin/llvm-cov LLVM_PROFDATA=$tools/usr/lib/llvm-$llvm/bin/llvm-profdata
    unstable cargo llvm-cov --branch --test alloc --test faults --test it --test model --html --output-dir "$out"
    unstable cargo llvm-cov report --summary-only | tee "$out/summary.txt"
    note "$(awk '$1 == "TOTAL" { print "lines " $10 ", branches " $13 }' "$out/summary.txt")"
}
