# shellcheck shell=bash
# Where the stack lives and what it is told. Part of deploy/appcorectl.
#
# KEEP_DIR/environment holds the effective configuration as shell assignments. The programs read it
# whenever one starts (deploy/launch), and so does a later command for what its caller does not say.

path_limit=90 # characters of RUN_DIR: a socket's path has 107, supervisord needs 17 of them
grace=5       # seconds that the outer timeouts are longer than the inner ones

say() { printf 'appcore: %s\n' "$*"; }
fail() {
    printf 'appcore: error: %s\n' "$*" >&2
    exit 1
}

# Whole numbers, MIN to MAX: need_number NAME VALUE MIN MAX
need_number() {
    if ! [[ $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        fail "$1: \"$2\" is not a number from $3 to $4"
    fi
}

# Where the stack lives. Everything it makes is below RUN_DIR.
locate() {
    local dir=${RUN_DIR:-build/run}
    [[ $dir == /* ]] || dir=$PWD/$dir
    [[ $dir =~ ^[A-Za-z0-9/._+@,=~\ -]+$ ]] ||
        fail "RUN_DIR: \"$dir\" may only have letters, digits, spaces and /._+@,=~-"
    ((${#dir} <= path_limit)) ||
        fail "RUN_DIR: \"$dir\" has ${#dir} characters; a socket below it allows $path_limit." \
            "Choose a shorter one, RUN_DIR=/tmp/appcore for instance"
    # What has to outlive a reboot is beside the rest, unless RUN_DIR is lost then (ctl/system.sh).
    export APPCORE_RUN_DIR=$dir APPCORE_KEEP_DIR=$dir APPCORE_DEPLOY_DIR=$deploy
    ctl_socket=$dir/ctl.sock # supervisord's
    export TZ=UTC # of all log lines
}

# The address and port from the caller, for a stack that is to start.
read_listen() {
    port=${PORT:-8000}
    address=${ADDRESS:-127.0.0.1}
    need_number PORT "$port" 1 65535
    [[ $address =~ ^[0-9a-fA-F.:]+$ ]] || fail "ADDRESS: \"$address\" is not an IP address"
    export APPCORE_LISTEN=$address:$port
    if [[ $address == *:* ]]; then APPCORE_LISTEN="[$address]:$port"; fi
}

# The same from a stack that runs, and its configuration for whatever the caller does not set.
read_running() {
    [[ -r $APPCORE_KEEP_DIR/environment ]] || fail "does not run"
    local said
    unset APPCORE_LISTEN # a caller's PORT and ADDRESS mean another stack
    said=$(set -o posix && export -p)
    set -a
    # shellcheck source=/dev/null
    . "$APPCORE_KEEP_DIR/environment"
    set +a
    eval "$said"
    port=${APPCORE_LISTEN##*:}
    address=${APPCORE_LISTEN%:*}
    address=${address#[}
    address=${address%]}
}

# The address a client on this machine uses.
client_address() {
    case $address in
        0.0.0.0) echo 127.0.0.1 ;;
        ::) echo ::1 ;;
        *) echo "$address" ;;
    esac
}

# How many processors the stack may use: those of this process or, if that is less, what the quota of its
# container comes to, rounded up. At most as many as there can be workers.
processors() {
    local count quota='' period='' groups=/sys/fs/cgroup
    count=$(nproc)
    { read -r quota period <"$groups/cpu.max"; } 2>/dev/null ||
        { read -r quota <"$groups/cpu/cpu.cfs_quota_us" && read -r period <"$groups/cpu/cpu.cfs_period_us"; } 2>/dev/null ||
        true
    if [[ $quota =~ ^[0-9]+$ && $period =~ ^[1-9][0-9]*$ ]]; then
        quota=$(((quota + period - 1) / period))
        if ((quota < count)); then count=$quota; fi
    fi
    echo $((count < 64 ? count : 64))
}

# Completes and checks the configuration; it is in the environment from then on, not yet in a file.
resolve() {
    export APPCORE_BIN_DIR=${APPCORE_BIN_DIR:-$deploy/../build/release}
    [[ -x $APPCORE_BIN_DIR/appcore-worker ]] || fail "no $APPCORE_BIN_DIR/appcore-worker: run make"
    APPCORE_PROCESSORS=$(processors)
    export APPCORE_PROCESSORS APPCORE_WORKERS=${WORKERS:-${APPCORE_WORKERS:-$APPCORE_PROCESSORS}}
    export APPCORE_STATE_DIR=${APPCORE_STATE_DIR:-$APPCORE_RUN_DIR/state}
    export APPCORE_TEXTFILE_DIR=${APPCORE_TEXTFILE_DIR:-$APPCORE_KEEP_DIR/textfile}
    export APPCORE_LOG_FILE=${APPCORE_LOG_FILE-$APPCORE_RUN_DIR/log/appcore.log}
    # What `make docs-ui` fetched, beside this file once it is installed. It need not be there.
    local docs_ui=$deploy/docs-ui
    [[ -d $docs_ui ]] || docs_ui=${deploy%/*}/build/docs-ui
    export APPCORE_DOCS_UI=${APPCORE_DOCS_UI:-$docs_ui}
    resolved=$("$APPCORE_BIN_DIR/appcore-worker" --print-config) || exit 1 # it has said why
    set -a
    eval "$resolved"
    set +a
}

make_folders() {
    mkdir -p "$APPCORE_RUN_DIR"/{log,temp,pools} || fail "RUN_DIR: cannot make $APPCORE_RUN_DIR"
    mkdir -p -m 0750 "$APPCORE_STATE_DIR"
    mkdir -p "$APPCORE_TEXTFILE_DIR"
}

# Makes the folders, and the file that the programs start with.
write_environment() {
    make_folders
    {
        printf '%s\n' "$resolved"
        local name
        for name in APPCORE_BIN_DIR APPCORE_LISTEN APPCORE_METRICS_ALLOW APPCORE_DOCS_UI; do
            printf '%s=%q\n' "$name" "${!name-}"
        done
    } >"$APPCORE_KEEP_DIR/environment.new"
    mv "$APPCORE_KEEP_DIR/environment.new" "$APPCORE_KEEP_DIR/environment"
}
