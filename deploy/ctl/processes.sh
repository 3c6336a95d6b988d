# shellcheck shell=bash
# Starting, stopping and asking supervisord. Part of deploy/appcorectl.
#
# The stack's own lock, not a pid file, tells whether it runs: it is held by supervisord and its log
# filter, and the kernel lets go of it however they end.

start_limit=15 # seconds until /health must answer; a start takes about one

# Takes the stack's lock as descriptor 4, or fails at once or after SECONDS: lock [SECONDS]
lock() {
    mkdir -p "$APPCORE_RUN_DIR" || fail "RUN_DIR: cannot make $APPCORE_RUN_DIR"
    exec 4>>"$APPCORE_RUN_DIR/lock"
    if flock -w "${1:-0}" 4; then return 0; fi
    exec 4>&-
    return 1
}

# Takes the lock, or deals with whoever has it; fails if the stack runs already.
take_lock() {
    lock && return 0
    if ! supervisor_pid >/dev/null; then
        # supervisord was killed: its children are on their way out, but for those of a killed nginx.
        "$deploy/run-nginx" clean
        lock $((start_limit * 2)) && return 0
        fail "somebody holds $APPCORE_RUN_DIR/lock although no supervisord runs"
    fi
    return 1
}

# Ends the program unless the stack runs and no other command changes it at the moment.
need_running() {
    if [[ ! -d $APPCORE_RUN_DIR ]] || lock; then fail "does not run: \"make up\" starts it"; fi
    exec 5>>"$APPCORE_RUN_DIR/change"
    # What a command that was killed had started may hold it a moment longer.
    flock -w 3 5 || fail "another restart or resize is at work"
    rm -f "$APPCORE_RUN_DIR/draining"
}

# supervisord's pid, if it is alive.
supervisor_pid() {
    local pid command
    read -r pid 2>/dev/null <"$APPCORE_RUN_DIR/supervisord.pid" || return 1
    { command=$(tr '\0' ' ' <"/proc/$pid/cmdline"); } 2>/dev/null || return 1
    [[ $command == *supervisord* ]] && echo "$pid"
}

# Removes sockets and pids of a stack that is gone. Only for the holder of the lock.
clean() {
    rm -f "$APPCORE_RUN_DIR"/{pool,blue,green,metrics,ctl}.sock "$APPCORE_RUN_DIR"/*.sock.* \
        "$APPCORE_RUN_DIR"/{nginx,supervisord}.pid "$APPCORE_RUN_DIR"/pools/*.conf \
        "$APPCORE_RUN_DIR"/{endpoint,environment,draining}
    # Names of a standard output that is gone (open_logs).
    find "$APPCORE_RUN_DIR/log" -name '*.log' -type l -delete 2>/dev/null || true
}

# Whether anything listens on the port.
port_taken() { (: <>"/dev/tcp/$(client_address)/$port") 2>/dev/null; }

# Whether GET /health is a 200.
healthy() {
    (
        exec 6<>"/dev/tcp/$(client_address)/$port"
        printf 'GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n' >&6
        IFS= read -r -t 2 line <&6
        [[ $line == 'HTTP/1.1 200 '* ]]
    ) 2>/dev/null
}

# Waits until /health answers 200, supervisord (PID) ends, or the time is up: wait_healthy PID
wait_healthy() {
    local end=$((SECONDS + start_limit))
    until [[ -S $ctl_socket ]]; do
        kill -0 "$1" 2>/dev/null || return 1
        ((SECONDS < end)) || return 1
        sleep 0.02
    done
    nudge
    until healthy; do
        kill -0 "$1" 2>/dev/null || return 1
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

# Becomes supervisord, logs going to "files" or "stdout": become_supervisord WHERE
become_supervisord() {
    open_logs "$1"
    umask 027 # logs name clients
    ulimit -S -n "$(ulimit -H -n)" 2>/dev/null || true # nginx: two a request
    local options=(-c "$APPCORE_RUN_DIR/supervisord.conf")
    if [[ $(id -u) == 0 ]]; then options+=(-u root); fi
    echo "$BASHPID" >"$APPCORE_RUN_DIR/supervisord.pid"
    exec setsid supervisord "${options[@]}" </dev/null > >(
        trap '' INT TERM HUP
        LC_ALL=C exec stdbuf -o L sed -f "$deploy/log-to-json.sed" >>"$APPCORE_RUN_DIR/log/system.log"
    ) 2>&1
}

# Asks supervisord: supervise COMMAND [ARGUMENT ...]
supervise() { supervisorctl -c "$APPCORE_RUN_DIR/supervisord.conf" "$@" 5>&-; }

# supervisord looks at its programs once a second, or when somebody calls: calls it, again and again
# if a number of TIMES is given, until it does not answer any more.
nudge() {
    python3 -c 'import socket, sys, time
for _ in range(int(sys.argv[2])):
    try: socket.socket(socket.AF_UNIX).connect(sys.argv[1])
    except OSError: break
    time.sleep(0.05)' "$ctl_socket" "${1:-1}" 5>&-
}

# Ends supervisord (PID) and waits until it is gone. It bounds each program's stop itself.
stop() {
    kill -TERM "$1" 2>/dev/null || true
    nudge 100
    while kill -0 "$1" 2>/dev/null; do sleep 0.05; done
}
