# For scripts that need a display of their own; sourced.

# start_display FOLDER SCREEN [OPTIONS]: starts Xvfb and exports DISPLAY. `display_process` is then
# the server's, to be killed by the caller. False when none answers. The number is drawn: of two servers
# that look for a free one, the first to end would take the other's socket away; and other systems on this
# machine (a chroot) have processes of the same numbers, but share the sockets.
start_display() {
    local number told=$1/display try i
    for ((try = 0; try < 5; ++try)); do
        number=$((100 + (RANDOM * 32768 + RANDOM) % 50000))
        : >"$told"
        Xvfb ":$number" -displayfd 3 -screen 0 "$2" "${@:3}" 3>"$told" 2>"$1/xvfb.log" &
        display_process=$!
        for ((i = 0; i < 100; ++i)); do
            [[ ! -s $told ]] || break
            kill -0 "$display_process" 2>/dev/null || break
            sleep 0.1
        done
        export DISPLAY=:$number
        [[ ! -s $told ]] || return 0
        kill "$display_process" 2>/dev/null || true
    done
    return 1
}
