# shellcheck shell=bash
# The log files of a stack. Part of deploy/appcorectl.

# With "stdout" the files are names of this process's standard output, which every program opens for
# itself, so that no line is copied. Must run in the process that becomes supervisord; leaves
# descriptor 3 open there: open_logs WHERE
open_logs() {
    local log=$APPCORE_RUN_DIR/log name
    [[ $1 == stdout ]] || return 0
    exec 3>&1
    # A socket, as under systemd, cannot be opened by name.
    if ! (: >>"/proc/$BASHPID/fd/3") 2>/dev/null; then exec 3> >(trap '' INT TERM && exec cat >&3); fi
    for name in appcore access system; do ln -sfT "/proc/$BASHPID/fd/3" "$log/$name.log"; done
}

# From here on what this program has to say becomes lines of the log. In a container nobody else reads
# it, and the container's end cuts off whatever has not been written: so wait for the filter, and with
# it for supervisord's, which holds the same descriptor.
say_in_log() {
    exec 2> >(trap '' INT TERM HUP && LC_ALL=C exec sed -u -f "$deploy/log-to-json.sed")
    local filter=$!
    # shellcheck disable=SC2064 # the filter of now
    trap "exec 2>&-; wait $filter" EXIT
}

# Where the system log ends now; explain() begins there.
log_size() { stat -c %s "$APPCORE_RUN_DIR/log/system.log" 2>/dev/null || echo 0; }

# Why a start failed, in the system log's own words: explain SENTENCE
explain() {
    printf 'appcore: error: %s\n' "$1" >&2
    [[ -f $APPCORE_RUN_DIR/log/system.log && ! -L $APPCORE_RUN_DIR/log/system.log ]] || return 0
    tail -c "+$((log_start + 1))" "$APPCORE_RUN_DIR/log/system.log" |
        grep -E '"level":"(WARNING|ERROR|CRITICAL)"' | tail -n 5 >&2 || true
}

# Makes every program open its log files anew, after they have been moved away.
reopen_logs() {
    supervise signal HUP "$(group "$(active_pool)"):*" "$(group metrics):metrics-01" >/dev/null || fail "supervisord does not answer"
    signal_nginx USR1 || fail "nginx cannot be reached"
}
