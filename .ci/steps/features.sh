# shellcheck shell=bash
# Feature combinations, oldest compiler, no std, wasm32, oldest dependencies.

# The compiler that `rust-version` promises: rustup's where it is installed, or Debian's.
oldest_rustc() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    rustup which --toolchain "$version" rustc 2>/dev/null || echo "$(debian_rust "$version.")/rustc"
}

# The library by itself: what the tests need must not hide what it lacks. (`no_std` runs it without `std`.)
step_features() {
    cargo clippy --package rejoin --lib --no-default-features -- -D warnings
    cargo clippy --package rejoin --lib -- -D warnings
}

step_msrv() {
    local rustc
    rustc=$(oldest_rustc)
    RUSTC=$rustc cargo check --package rejoin --lib --all-features
    RUSTC=$rustc cargo check --package rejoin --lib --no-default-features
    note "$("$rustc" --version)"
}

step_no_std() {
    cargo build --manifest-path checks/Cargo.toml --package no-std-proof
    note "$("$CARGO_TARGET_DIR/debug/no-std-proof")"
    # The proof must be one: with `std` it does not even build.
    if cargo build --quiet --manifest-path checks/Cargo.toml --package no-std-proof --features std 2>/dev/null; then
        echo 'the program without std builds with it' >&2
        return 1
    fi
}

step_powerset() {
    cargo_tool cargo-hack 0.6.46
    local each=(--package rejoin --feature-powerset)
    cargo hack clippy "${each[@]}" -- -D warnings
    note "$(cargo hack --version), $(cargo hack check "${each[@]}" --print-command-list | wc -l) combinations"
}

# The oldest versions that Cargo.toml allows, under the oldest compiler, by themselves and not by what the tests want.
step_minimal() {
    local folder rustc
    cargo_tool cargo-hack 0.6.46
    folder=$(packaged minimal)
    rustc=$(oldest_rustc)
    cd "$folder"
    cargo hack --remove-dev-deps generate-lockfile
    unstable cargo update -Zdirect-minimal-versions
    RUSTC=$rustc cargo check --all-features
    note "$(cargo tree --edges normal --depth 1 --prefix none | tail -n +2 | sed 's/ (.*//' | paste -sd ,)"
}

step_wasm() {
    local rust wasm=wasm32-unknown-unknown
    rust=$(debian_rust_src) || unavailable "the standard library's source is not to be had"
    command -v node >/dev/null || unavailable 'node is not installed'
    RUSTC=$rust/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld \
        unstable cargo build -Zbuild-std=std,panic_abort --target $wasm \
        --manifest-path checks/Cargo.toml --package wasm-proof
    node checks/wasm/run.mjs "$CARGO_TARGET_DIR/$wasm/debug/wasm_proof.wasm"
    RUSTC=$rust/rustc unstable cargo check -Zbuild-std=core,alloc --target thumbv7m-none-eabi \
        --package rejoin --lib --no-default-features
    note "run under node $(node --version), and checked for thumbv7m-none-eabi, $("$rust/rustc" --version)"
}
