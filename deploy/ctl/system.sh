# shellcheck shell=bash
# The service of the Debian package: the system's supervisord and nginx run it, /etc/default/appcore
# configures it. Part of deploy/appcorectl, after the other parts, some of whose functions it replaces.
#
#   /etc/default/appcore                          what the operator says
#   /etc/supervisor/conf.d/appcore-{blue,green,peer,metrics}.conf made here; each runs while it is there
#   /etc/nginx/conf.d/, sites-available/appcore   the operator's, they include /var/lib/appcore/nginx/*.conf
#   /var/lib/appcore                              environment, pool.sock, nginx/: made here, kept
#   /run/appcore                                  sockets, and state/ with the counts (tmpfiles.d)
#
# Where no supervisord runs, for instance in an image that is being made, only the files are written:
# it will start what they say. With APPCORE_SUPERVISOR=no systemd's units run the programs (ctl/system-units.sh).

# shellcheck source=deploy/ctl/system-nginx.sh
. "$deploy/ctl/system-nginx.sh"

service_user=appcore
web_user=www-data # of Debian's nginx: it may connect to the sockets
nginx_dir=/var/lib/appcore/nginx
site=/etc/nginx/sites-enabled/appcore
supervisor_conf=/etc/supervisor/supervisord.conf
dying_words=/var/log/supervisor/appcore.log
units_dir=/etc/systemd/system
units_pool=units # the socket is systemd's

locate() {
    local known
    # What an operator's shell happens to have set is no configuration.
    for known in $(compgen -v | grep -E '^APPCORE_[A-Z_]+$' || true); do unset "$known"; done
    unset WORKERS LOG_LEVEL APP_NAME PORT ADDRESS
    umask 022 # the workers' user reads what is made here
    export APPCORE_RUN_DIR=/run/appcore APPCORE_KEEP_DIR=/var/lib/appcore APPCORE_DEPLOY_DIR=$deploy
    export TZ=UTC
    ctl_socket=/run/supervisor.sock
    set -a
    if [[ -r /etc/default/appcore ]]; then
        # shellcheck source=/dev/null
        . /etc/default/appcore
    fi
    APPCORE_BIN_DIR=/usr/bin
    APPCORE_LOG_FILE=${APPCORE_LOG_FILE:-/var/log/appcore/appcore.log}
    APPCORE_ACCESS_LOG=/var/log/nginx/appcore-access.log # nginx's rotation is for *.log there
    APPCORE_ERROR_LOG=/var/log/nginx/error.log
    set +a
    read_listen
    [[ ${APPCORE_SUPERVISOR:=yes} == @(yes|no) ]] || fail "APPCORE_SUPERVISOR: \"$APPCORE_SUPERVISOR\" is neither yes nor no"
    if [[ $APPCORE_SUPERVISOR == no ]]; then
        # shellcheck source=deploy/ctl/system-units.sh
        . "$deploy/ctl/system-units.sh"
    fi
}

# The file says it all, and PORT and ADDRESS are nginx's to change.
read_running() { :; }

make_folders() {
    install -d "$APPCORE_RUN_DIR" "$APPCORE_KEEP_DIR" "$nginx_dir"
    install -d -m 0750 -o "$service_user" -g "$service_user" "$APPCORE_STATE_DIR"
    install -d -o "$service_user" -g "$service_user" "$APPCORE_TEXTFILE_DIR"
    # Logs name clients.
    if [[ ! -e $APPCORE_ACCESS_LOG ]]; then
        install -m 0640 -o "$web_user" -g adm /dev/null "$APPCORE_ACCESS_LOG"
    fi
}

# One command at a time, as descriptor 5. What a killed command had started may hold it a moment longer.
lock_changes() {
    install -d "$APPCORE_RUN_DIR"
    exec 5>>"$APPCORE_RUN_DIR/change"
    flock -w "$1" 5 || fail "another command is at work"
    rm -f "$APPCORE_RUN_DIR/draining"
}

log_size() { stat -c %s "$dying_words" 2>/dev/null || echo 0; }

explain() {
    printf 'appcore: error: %s\n' "$1" >&2
    tail -c "+$((log_start + 1))" "$dying_words" 2>/dev/null | tail -n 5 >&2 || true
}

# --- supervisord ------------------------------------------------------------------------------------

group() { echo "appcore-$1"; }
group_file() { echo "/etc/supervisor/conf.d/appcore-$1.conf"; }
supervise() { supervisorctl -c "$supervisor_conf" "$@" 5>&-; }
supervisor_runs() { supervise pid >/dev/null 2>&1; }
is_up() { [[ -e $(group_file metrics) ]] && supervisor_runs; }

# The sections of deploy/*.conf stand alone in the system's supervisord, and its programs are not root.
adapt_section() {
    sed -e "1i ; Made by appcorectl from /etc/default/appcore: do not edit." -e '/^;/d' \
        -e 's/^\[fcgi-program:/&appcore-/' \
        -e "s|%(ENV_APPCORE_DEPLOY_DIR)s|$APPCORE_DEPLOY_DIR|; s|%(ENV_APPCORE_RUN_DIR)s|$APPCORE_RUN_DIR|" \
        -e "s|^socket_mode=.*|&\\nsocket_owner=$service_user:$web_user|" \
        -e "s|^numprocs_start=.*|&\\nuser=$service_user\\nenvironment=APPCORE_KEEP_DIR=$APPCORE_KEEP_DIR,TZ=UTC|" \
        -e "s|/dev/fd/1|$dying_words|"
}

render_metrics() {
    local file
    file=$(group_file metrics)
    sed -n '/^\[fcgi-program:metrics\]/,/^\[program:/{/^\[program:/!p}' "$deploy/supervisord.conf" |
        adapt_section >"$file.new"
    mv "$file.new" "$file"
}

restart_metrics() {
    render_metrics
    supervise update "$(group metrics)" >/dev/null
    supervise restart "$(group metrics):metrics-01" >/dev/null || fail "the metrics program does not restart"
}

# --- systemd's units --------------------------------------------------------------------------------

units_enabled() { [[ -e $units_dir/sockets.target.wants/appcore-worker.socket ]]; }

worker_units() {
    local link
    for link in "$units_dir"/multi-user.target.wants/appcore-worker@*.service; do
        if [[ -L $link ]]; then echo "${link##*/}"; fi
    done
}

# Ends them when they have answered what they have, also for the next boot.
stop_units() {
    units_enabled || return 0
    local units=(appcore-worker.socket appcore-metrics.socket appcore-metrics.service)
    mapfile -O "${#units[@]}" -t units < <(worker_units)
    if [[ -d /run/systemd/system ]]; then systemctl stop "${units[@]}"; fi
    systemctl disable -q "${units[@]}"
    rm -rf "$units_dir"/appcore-{worker@,metrics}.service.d
}

need_running() {
    is_up || fail "does not run, or supervisord does not: \"appcorectl up\" sets it up"
    lock_changes 3
}

# nginx's own logs are its package's to rotate.
reopen_logs() {
    supervise signal HUP "$(group "$(active_pool)"):*" "$(group metrics):metrics-01" >/dev/null ||
        fail "supervisord does not answer"
    signal_nginx USR1 || true
}

# --- commands ---------------------------------------------------------------------------------------

# Ends groups of supervisord, and what it would start at its next start: remove_groups NAME ...
remove_groups() {
    local name
    for name; do
        if supervisor_runs; then remove_pool "$name"; else rm -f "$(group_file "$name")"; fi
    done
}

command_up() {
    if is_up; then
        command_restart
        return
    fi
    resolve
    make_folders
    lock_changes 60
    render_nginx
    write_environment
    local active
    active=$(active_pool 2>/dev/null) || active=blue
    if [[ $active == "$units_pool" ]]; then active=blue; fi
    render_metrics
    render_pool "$active"
    if [[ -n $APPCORE_PEER_LISTEN ]]; then render_pool peer; fi
    start_groups "$active"
    if units_enabled; then
        empty_queue "$units_pool"
        stop_units
    fi
    adopt_nginx always
}

# Starts a first pool, which takes over from systemd's units if they have served until now.
start_groups() {
    if ! supervisor_runs; then
        point_to "$1"
        say "set up; supervisord does not run, and will start it"
        return
    fi
    log_start=$(log_size)
    if units_enabled; then systemctl stop appcore-metrics.{socket,service}; fi # the socket has the same name
    supervise update "$(group metrics)" >/dev/null || fail "supervisord does not take the metrics program"
    if ! start_pool "$1"; then
        explain "the pool does not answer:"
        exit 1
    fi
    point_to "$1"
    adopt_peer_pool
    say "$APPCORE_WORKERS workers, the pool $1"
}

command_down() {
    lock_changes 60
    if ! units_enabled && ! supervisor_runs && "$deploy/probe" "$APPCORE_KEEP_DIR/pool.sock" 2>/dev/null 5>&-; then
        fail "the pool runs, but supervisord does not answer at $ctl_socket"
    fi
    stop_units
    remove_groups blue green peer metrics
    rm -f "$APPCORE_KEEP_DIR"/{pool.sock,environment}
    say "stopped"
}

command_status() {
    supervisor_runs || { say "supervisord does not run"; exit 3; }
    [[ -e $(group_file metrics) ]] || { say "does not run"; exit 3; }
    say "at http://$(client_address):$port, the pool $(active_pool)"
    local states
    states=$(supervise status "$(group blue):*" "$(group green):*" "$(group peer):*" "$(group metrics):*" | grep -v 'no such group') || true
    printf '%s\n' "$states"
    ! awk '{ print $2 }' <<<"$states" | grep -qvE '^(RUNNING|STARTING)$'
}

command_run() { fail "the system's supervisord runs it: \"appcorectl up\""; }
command_check() {
    resolve
    make_folders
    lock_changes 3
    render_nginx
    discard_nginx
}
