# shellcheck shell=bash
# The machine's own nginx, which includes what is made here. Part of deploy/ctl/system.sh.

nginx_pid() {
    local pid
    read -r pid 2>/dev/null </run/nginx.pid && [[ -d /proc/$pid ]] && echo "$pid"
}

signal_nginx() {
    local pid
    pid=$(nginx_pid) && kill -s "$1" "$pid"
}

# Puts the new parts into their places, and those of before aside.
place_nginx() {
    local part
    for part in http server; do
        if [[ -e $nginx_dir/$part.conf ]]; then mv "$nginx_dir/$part.conf" "$nginx_dir/$part.before"; fi
        mv "$nginx_dir/$part.new" "$nginx_dir/$part.conf"
    done
}

put_back_nginx() {
    local part
    for part in http server; do
        mv "$nginx_dir/$part.conf" "$nginx_dir/$part.new"
        if [[ -e $nginx_dir/$part.before ]]; then mv "$nginx_dir/$part.before" "$nginx_dir/$part.conf"; fi
    done
}

# Both parts, and nginx's view of them together with all the rest of its configuration: they are in their
# places for that moment only.
render_nginx() {
    local part accepted=yes
    for part in http server; do
        APPCORE_READ_TIMEOUT=$((APPCORE_REQUEST_TIMEOUT + grace)) \
            "$deploy/render-nginx" "$part" >"$nginx_dir/$part.new" || exit 1
    done
    place_nginx
    nginx -q -t || accepted=no
    put_back_nginx
    [[ $accepted == yes ]] || { discard_nginx; fail "nginx does not accept its configuration with appcore's; see above"; }
}

discard_nginx() { rm -f "$nginx_dir"/*.new; }

# Takes the new parts into use if there is a difference, or "always": a site may just have been enabled.
adopt_nginx() {
    local part changed=${1:-}
    for part in http server; do
        cmp -s "$nginx_dir/$part.new" "$nginx_dir/$part.conf" || changed=yes
    done
    place_nginx
    rm -f "$nginx_dir"/*.before
    if [[ -z $changed || ! -e $site ]]; then return; fi
    if ! nginx_pid >/dev/null; then
        say "nginx does not run"
        return
    fi
    reload_nginx
    local end=$((SECONDS + start_limit))
    until healthy; do
        ((SECONDS < end)) || fail "nginx does not answer at port $port of $address; see $APPCORE_ERROR_LOG"
        sleep 0.1
    done
}
