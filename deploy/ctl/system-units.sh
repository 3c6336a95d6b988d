# shellcheck shell=bash
# The same service where systemd's units run the programs instead of supervisord: APPCORE_SUPERVISOR=no. Part of
# deploy/ctl/system.sh, which reads it after its own functions, so that those of the same names replace them.
#
#   appcore-worker.socket, appcore-worker@1 ... @N   the pool "units"; requests wait in the socket while workers restart
#   appcore-metrics.socket, appcore-metrics          the metrics program, likewise
#   /etc/systemd/system/appcore-*.d/                 of their settings, those that the configuration decides; made here
#
# Where systemd is not the machine's init process, for instance in an image that is being made, the units are only
# enabled.

# What each of the two programs is given beside its unit's own file: render_units
render_units() {
    local unit
    for unit in appcore-worker@ appcore-metrics; do
        install -d "$units_dir/$unit.service.d"
        {
            echo "# Made by appcorectl from /etc/default/appcore: do not edit."
            echo "[Service]"
            echo "TimeoutStopSec=$((APPCORE_REQUEST_TIMEOUT + grace))"
            printf 'ReadWritePaths="-%s"\n' "$APPCORE_STATE_DIR" "$APPCORE_TEXTFILE_DIR" "${APPCORE_LOG_FILE%/*}"
            # A push is the one reason to open a connection.
            if [[ $unit == appcore-metrics && -n $APPCORE_PUSHGATEWAY ]]; then
                printf '%s\n' "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6" IPAddressDeny=
            fi
        } >"$units_dir/$unit.service.d/appcore.conf"
    done
}

# Starts the units, or anew, one worker after the other: the others serve meanwhile.
start_units() {
    local number
    systemctl daemon-reload
    systemctl start appcore-worker.socket appcore-metrics.socket || fail "systemd does not open the sockets"
    for ((number = 1; number <= APPCORE_WORKERS; number++)); do
        systemctl restart "appcore-worker@$number.service" || fail "systemd does not start worker $number"
    done
    systemctl restart appcore-metrics.service || fail "systemd does not start the metrics program"
    "$deploy/probe" "$APPCORE_RUN_DIR/$units_pool.sock" "$pool_start_limit" 5>&- ||
        fail "the workers do not answer; see journalctl -u 'appcore-worker@*'"
}

# Instances of a larger pool of before.
remove_surplus() {
    local unit number
    for unit in $(worker_units); do
        number=${unit#appcore-worker@}
        number=${number%.service}
        if ((number > APPCORE_WORKERS)); then systemctl disable -q --now "$unit"; fi
    done
}

need_running() {
    units_enabled && [[ -r $APPCORE_KEEP_DIR/environment ]] || fail "does not run: \"appcorectl up\" sets it up"
}

reopen_logs() {
    systemctl kill --signal HUP 'appcore-worker@*.service' appcore-metrics.service
    signal_nginx USR1 || true
}

command_up() {
    [[ -x $(command -v systemctl) ]] || fail "APPCORE_SUPERVISOR=no needs systemd"
    resolve
    [[ -z $APPCORE_PEER_LISTEN ]] || fail "APPCORE_PEER_LISTEN needs APPCORE_SUPERVISOR=yes"
    make_folders
    lock_changes 60
    render_nginx
    write_environment
    render_units
    # shellcheck disable=SC2046 # words
    systemctl enable -q appcore-worker.socket appcore-metrics.socket appcore-metrics.service \
        $(seq -f 'appcore-worker@%g.service' "$APPCORE_WORKERS")
    if [[ -e $(group_file metrics) ]]; then remove_groups metrics; fi # its socket has the same name
    if [[ -d /run/systemd/system ]]; then
        start_units
        say "$APPCORE_WORKERS workers, systemd's units"
    else
        say "set up; systemd will start it"
    fi
    remove_surplus
    local before
    before=$(active_pool 2>/dev/null) || before=$units_pool
    point_to "$units_pool"
    if [[ $before != "$units_pool" ]] && supervisor_runs; then empty_queue "$before"; fi
    remove_groups blue green peer
    adopt_nginx always
}

command_restart() {
    need_running
    command_up
}

command_scale() {
    need_number WORKERS "${1:-}" 1 64
    need_running
    WORKERS=$1
    command_up
}

command_status() {
    units_enabled || { say "does not run"; exit 3; }
    say "at http://$(client_address):$port, systemd's units"
    systemctl list-units --all --plain --no-legend --no-pager 'appcore-*'
    # shellcheck disable=SC2046
    systemctl is-active -q appcore-worker.socket appcore-metrics.socket appcore-metrics.service $(worker_units)
}
