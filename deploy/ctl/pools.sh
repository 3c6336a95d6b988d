# shellcheck shell=bash
# The pools blue and green: one serves, the other takes its place at a restart. Part of deploy/appcorectl.
#
# A pool is a program group of supervisord with a socket of its own; nginx connects to KEEP_DIR/pool.sock,
# a link to the socket of the pool that serves. To restart, resize or reconfigure, the other pool is
# started beside the running one, the link is switched once it answers, and the old one ends when it
# has answered what it has. A pool that does not come up leaves the running one as it is.
#
# The pool "peer" serves nginx of other machines over TCP, if APPCORE_PEER_LISTEN says where. It is there
# beside the two and is restarted in place: whoever asked it asks its own machine's pool meanwhile.

pool_start_limit=15 # seconds until a new pool must answer

# supervisord's name of a pool or of the metrics program, and the file that configures it.
group() { echo "$1"; }
group_file() { echo "$APPCORE_RUN_DIR/pools/$1.conf"; }

other_pool() { if [[ $1 == blue ]]; then echo green; else echo blue; fi; }

# The pool that serves.
active_pool() {
    local target
    target=$(readlink "$APPCORE_KEEP_DIR/pool.sock") || fail "no pool: $APPCORE_KEEP_DIR/pool.sock is missing"
    target=${target##*/}
    echo "${target%.sock}"
}

# Makes nginx's next connection go to POOL, in one step: point_to POOL
point_to() {
    ln -sfT "$APPCORE_RUN_DIR/$1.sock" "$APPCORE_KEEP_DIR/pool.sock.new"
    mv -T "$APPCORE_KEEP_DIR/pool.sock.new" "$APPCORE_KEEP_DIR/pool.sock"
}

# What the supervisord at hand needs beyond deploy/*.conf; ours needs nothing: FILTER
adapt_section() { cat; }

# supervisord's configuration of a pool, by what resolve() has found: render_pool POOL
render_pool() {
    local file
    file=$(group_file "$1")
    local socket=(-e "s|\${APPCORE_SOCKET}|unix://%(ENV_APPCORE_RUN_DIR)s/$1.sock|")
    if [[ $1 == peer ]]; then socket=(-e "s|\${APPCORE_SOCKET}|tcp://$APPCORE_PEER_LISTEN|" -e '/^socket_mode=/d'); fi
    sed -e "s/\${APPCORE_POOL}/$1/g" "${socket[@]}" \
        -e "s/\${APPCORE_PROCESSES}/$((APPCORE_WORKERS + 1))/" \
        -e "s/\${APPCORE_STOP_SECONDS}/$((APPCORE_REQUEST_TIMEOUT + grace))/" \
        "$deploy/pool.conf" | adapt_section >"$file.new"
    mv "$file.new" "$file"
}

# Ends a pool when it has answered what it has: remove_pool POOL
remove_pool() {
    rm -f "$(group_file "$1")"
    local try updating
    # A process that dies again and again may be starting anew just when it should be removed.
    for try in {1..20}; do
        supervise update "$(group "$1")" >"$APPCORE_RUN_DIR/supervisorctl.out" 2>&1 &
        updating=$!
        while kill -0 "$updating" 2>/dev/null; do
            nudge
            sleep 0.05
        done
        if wait "$updating" || grep -q 'no such group' "$APPCORE_RUN_DIR/supervisorctl.out"; then break; fi
        if ((try == 20)); then
            fail "supervisord cannot remove the pool $1: $(tail -n 1 "$APPCORE_RUN_DIR/supervisorctl.out")"
        fi
    done
    # supervisord leaves the socket's name behind.
    rm -f "$APPCORE_RUN_DIR/$1.sock" "$APPCORE_RUN_DIR/supervisorctl.out"
}

# Lets supervisord start what render_pool() has made, and waits for it: start_pool POOL
start_pool() {
    supervise update "$(group "$1")" >/dev/null || fail "supervisord does not take the pool $1"
    nudge
    "$deploy/probe" "$APPCORE_RUN_DIR/$1.sock" "$pool_start_limit" 5>&-
}

# Waits until what nginx has sent to a pool before it pointed elsewhere is taken: that comes before this question.
empty_queue() { "$deploy/probe" "$APPCORE_RUN_DIR/$1.sock" "$APPCORE_REQUEST_TIMEOUT" 5>&- || true; }

# Starts the other pool with the configuration in the environment and lets it take over. If it does
# not answer it is left for the caller to remove.
replace_pool() {
    local old new
    old=$(active_pool)
    new=$(other_pool "$old")
    # What a command that was killed has left.
    if [[ -e $(group_file "$new") || -e $APPCORE_RUN_DIR/$new.sock ]]; then remove_pool "$new"; fi
    render_pool "$new"
    log_start=$(log_size)
    start_pool "$new" || return 1
    point_to "$new"
    empty_queue "$old"
    remove_pool "$old"
}

# Starts, restarts or ends the pool for other machines, as the configuration says.
adopt_peer_pool() {
    if [[ -e $(group_file peer) ]]; then remove_pool peer; fi
    [[ -n $APPCORE_PEER_LISTEN ]] || return 0
    render_pool peer
    supervise update "$(group peer)" >/dev/null || fail "supervisord does not take the pool for other machines"
    nudge
}
