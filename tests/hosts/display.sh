# For scripts that need a display of their own; sourced.

# start_display FOLDER SCREEN [OPTIONS]: starts Xvfb and exports DISPLAY. `display_process` is then
# the server's, to be killed by the caller. False when none answers. The number is the script's own:
# of two servers that look for a free one, the first to end would take the other's socket away.
start_display() {
    local number=$((100 + $$ % 50000)) told=$1/display
    Xvfb ":$number" -displayfd 3 -screen 0 "$2" "${@:3}" 3>"$told" 2>"$1/xvfb.log" &
    display_process=$!
    for ((i = 0; i < 100; ++i)); do
        [[ ! -s $told ]] || break
        sleep 0.1
    done
    export DISPLAY=:$number
    [[ -s $told ]]
}
