# shellcheck shell=bash
# What the steps share. Sourced by .ci/step with the repository's root as the current folder.

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
work=$CARGO_TARGET_DIR/ci
host=$(rustc --print host-tuple)
mkdir -p "$work"

# note TEXT: what the summary says beside the step's result.
note() {
    printf '%s\n' "$*" | tee -a "${STEP_NOTE:-/dev/null}"
}

# unavailable REASON: ends the step.
unavailable() {
    note "$*"
    exit 77
}

# not_applicable REASON: ends the step.
not_applicable() {
    note "$*"
    exit 78
}

# counted COMMAND...: runs tests, fails also if there was none, and notes how many passed.
counted() {
    local log passed
    log=$(mktemp -p "$work")
    "$@" 2>&1 | tee "$log"
    passed=$(awk '/^test result:/ { n += $4 } END { print n + 0 }' "$log")
    rm "$log"
    if ((passed == 0)); then
        echo "no test ran: $*" >&2
        return 1
    fi
    note "${counting:+$counting: }$passed tests passed"
}

# unstable COMMAND...: with the stable compiler's unstable options.
unstable() {
    RUSTC_BOOTSTRAP=1 "$@"
}

# A package of the release archive, unpacked: the crate alone, as its users get it, outside the workspace. Prints its folder.
packaged() {
    local folder=$work/$1
    rm -rf "$folder"
    mkdir -p "$folder"
    cargo package --quiet --package rejoin --allow-dirty --no-verify >&2
    # The archive's files are all of 2006: to cargo they would never have changed.
    tar -xzf "$(ls -t "$CARGO_TARGET_DIR"/package/rejoin-*.crate | head -n 1)" -C "$folder" --strip-components 1 --touch
    printf '\n[workspace]\n' >>"$folder/Cargo.toml"
    echo "$folder"
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Once a run is enough.
apt_update() {
    [[ -n $(find "$work/apt-updated" -mmin -600 2>/dev/null) ]] && return
    as_root apt-get -qq update
    touch "$work/apt-updated"
}

# apt_install COMMAND PACKAGE: unless the command is there.
apt_install() {
    command -v "$1" >/dev/null && return
    apt_update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$2" >/dev/null
}

# apt_unpack FOLDER PACKAGE...: unpacks them there; nothing is installed.
apt_unpack() {
    local folder=$1 package
    shift
    [[ -e $folder/.complete ]] && return
    apt_update
    rm -rf "$folder"
    mkdir -p "$folder/packages"
    (cd "$folder/packages" && apt-get -qq -o APT::Sandbox::User=root download "$@")
    for package in "$folder"/packages/*.deb; do
        dpkg-deb -x "$package" "$folder"
    done
    rm -r "$folder/packages"
    touch "$folder/.complete"
}

# debian_rust VERSION [PACKAGE...]: Debian's compiler of the newest version that starts so, with further packages of that
# version, unpacked. Prints a folder with `rustc` and `rustdoc`.
debian_rust() {
    local wanted=$1 version minor llvm folder tool
    shift
    apt_update
    version=$(apt-cache madison rustc-web | awk -v wanted="$wanted" 'index($3, wanted) == 1 && !v { v = $3 } END { print v }')
    [[ -n $version ]] || return 1
    minor=$(cut -d. -f1,2 <<<"$version")
    folder=$work/debian-rust-$minor
    llvm=$(apt-cache show "libstd-rust-web-$minor=$version" | grep -o 'libllvm[0-9]*' | sort -u)
    apt_unpack "$folder" "$llvm" "libstd-rust-web-$minor=$version" \
        "libstd-rust-web-dev=$version" "rustc-web=$version" "${@/%/=$version}" >&2
    for tool in rustc rustdoc; do
        printf '#!/bin/sh\nLD_LIBRARY_PATH=%q exec %q "$@"\n' \
            "$folder/usr/lib/x86_64-linux-gnu" "$folder/usr/bin/$tool" >"$folder/$tool"
        chmod +x "$folder/$tool"
    done
    "$folder/rustc" --version >&2 && echo "$folder"
}

# debian_rust_src: the same with the standard library's source and the sanitizers of the installed toolchain, for builds of
# the standard library itself.
debian_rust_src() {
    local folder libraries=lib/rustlib/$host/lib
    folder=$(debian_rust '' rust-web-src) || return 1
    cp "$(rustc --print sysroot)/$libraries"/librustc-*_rt.*.a "$folder/usr/$libraries/" && echo "$folder"
}

# python_tools PACKAGE==VERSION...: into an environment of CI's own, put first in PATH.
python_tools() {
    [[ -d $work/python ]] || python3 -m venv "$work/python"
    "$work/python/bin/pip" install --quiet --disable-pip-version-check "$@"
    PATH=$work/python/bin:$PATH
}

# cargo_tool NAME VERSION: a cargo subcommand, built unless that version is there. Compiling it fast matters more than its speed.
cargo_tool() {
    CARGO_TARGET_DIR=$work/tools CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=false \
        cargo install --quiet --locked --version "$2" "$1"
    rm -rf "$work/tools"
}
