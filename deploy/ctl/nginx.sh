# shellcheck shell=bash
# nginx's configuration, and how it changes without a lost request. Part of deploy/appcorectl.

drain_seconds=2 # nginx looks for RUN_DIR/draining once a second (open_file_cache_valid)

# Writes nginx.conf.new and lets nginx check it.
render_nginx() {
    local file=$APPCORE_RUN_DIR/nginx.conf.new
    APPCORE_READ_TIMEOUT=$((APPCORE_REQUEST_TIMEOUT + grace)) "$deploy/render-nginx" >"$file" || exit 1
    # The check makes the log files.
    local said accepted=yes
    said=$(umask 027 && nginx -q -t -e stderr -c "$file" 2>&1) || accepted=no
    # Modules say that they are there.
    if [[ -n $said ]]; then grep -v '\[notice\]' <<<"$said" >&2 || true; fi
    [[ $accepted == yes ]] || fail "nginx does not accept $file"
}

# Sends SIGNAL to nginx's master: signal_nginx SIGNAL
signal_nginx() { supervise signal "$1" nginx >/dev/null; }

# Forgets the new configuration.
discard_nginx() { rm -f "$APPCORE_RUN_DIR/nginx.conf.new"; }

# Takes the new configuration into use, if there is a difference.
adopt_nginx() {
    local file=$APPCORE_RUN_DIR/nginx.conf
    if cmp -s "$file.new" "$file"; then
        rm "$file.new"
        return
    fi
    mv "$file.new" "$file"
    reload_nginx
}

# At a reload nginx closes the kept connections that wait for a request, and would lose one that is
# just arriving there. So for a moment every reply says "Connection: close", until no client in
# action has a kept connection any more.
reload_nginx() {
    touch "$APPCORE_RUN_DIR/draining"
    sleep "$drain_seconds"
    signal_nginx HUP || fail "nginx cannot be reached"
    sleep 1 # its new processes have started by then
    rm -f "$APPCORE_RUN_DIR/draining"
}
