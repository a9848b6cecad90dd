# shellcheck shell=bash
# Runs steps one after another, goes on after a failure, and ends with a line for each. Sourced by .ci/run and .ci/deep.

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=line-tables-only
results=$CARGO_TARGET_DIR/ci/results
may_be_missing=()

one_of() {
    local wanted=$1 name
    shift
    for name; do
        [[ $name == "$wanted" ]] && return 0
    done
    return 1
}

# Sets `cpu` to the processor seconds of all that has run so far: wall time says little on a busy machine.
cpu_seconds() {
    # Not in a pipe, which would count itself alone.
    times >"$results/.times"
    cpu=$(awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, "[ms]"); n += 60 * t[1] + t[2] } printf "%d", n }' "$results/.times")
}

# run_step NAME: runs it and records status, seconds, processor seconds, what it noted, and the commit.
run_step() {
    local name=$1 began=$SECONDS cpu before code status note
    cpu_seconds
    before=$cpu
    printf '\n=== %s\n' "$name"
    export STEP_NOTE=$results/$name.note
    : >"$STEP_NOTE"
    bash .ci/step "$name"
    code=$?
    case $code in
        0) status='passed' ;;
        78) status='not applicable' ;;
        77) if one_of "$name" "${may_be_missing[@]}"; then status='not available'; else status='FAILED'; fi ;;
        *) status='FAILED' ;;
    esac
    note=$(paste -sd ';' "$STEP_NOTE" | sed 's/;/; /g')
    [[ $status != FAILED ]] || note="exit code $code${note:+; $note}"
    # An empty field would be lost when it is read.
    note=${note:--}
    cpu_seconds
    printf '%s\t%s\t%s\t%s\t%s\n' "$status" $((SECONDS - began)) $((cpu - before)) "$note" \
        "$(git rev-parse --short HEAD 2>/dev/null || echo '-')" >"$results/$name"
    rm -f "$STEP_NOTE"
    printf '=== %s: %s after %d s\n' "$name" "$status" $((SECONDS - began))
}

# summary NAME...: a line for each step; fails if one failed or was not run.
summary() {
    local name status seconds cpu note commit passed=0 bad=0
    printf '\n%-15s %-15s %7s %7s  %s\n' step result seconds cpu 'what ran'
    for name; do
        status='FAILED' seconds='-' cpu='-' note='did not run' commit=
        [[ -e $results/$name ]] && IFS=$'\t' read -r status seconds cpu note commit <"$results/$name"
        printf '%-15s %-15s %7s %7s  %s\n' "$name" "$status" "$seconds" "$cpu" "$note${commit:+ ($commit)}"
        case $status in
            FAILED) bad=$((bad + 1)) ;;
            passed) passed=$((passed + 1)) ;;
        esac
    done
    printf '%d of %d steps passed, %d failed\n' "$passed" $# "$bad"
    ((bad == 0))
}

main() {
    local chosen=("${steps[@]}") name began=$SECONDS
    case ${1-} in
        --list)
            printf '%s\n' "${steps[@]}"
            return 0
            ;;
        --summary)
            summary "${steps[@]}"
            return
            ;;
        --only)
            chosen=("${@:2}")
            ;;
        --from)
            while [[ ${#chosen[@]} -gt 0 && ${chosen[0]} != "${2-}" ]]; do
                chosen=("${chosen[@]:1}")
            done
            ;;
        '') ;;
        *)
            echo "unknown option: $1" >&2
            return 2
            ;;
    esac
    for name in "${chosen[@]}"; do
        one_of "$name" "${steps[@]}" || {
            echo "no step is called $name" >&2
            return 2
        }
    done
    ((${#chosen[@]})) || {
        echo 'no such step' >&2
        return 2
    }
    mkdir -p "$results"
    [[ ${1-} == '' ]] && rm -f "$results"/*
    for name in "${chosen[@]}"; do
        run_step "$name"
    done
    summary "${chosen[@]}"
    local code=$?
    printf 'in all %d s\n' $((SECONDS - began))
    return $code
}
