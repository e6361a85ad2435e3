# GIMP's own window under Xvfb, driven by keys and mouse as a user does it; sourced by scripts that say
# `usage` before. Takes their arguments: [--pictures FOLDER] 2|3 PLUG-IN-FOLDER GEGL-MODULE-FOLDER. A step
# that does not do what it should ends the script with 1, something that it needs and is missing with 77.

readonly SKIPPED=77
SOURCE=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../..")
readonly SOURCE
source "$SOURCE/tests/hosts/display.sh"
readonly SAMPLE=$SOURCE/docs/samples/city.png

# The keys are those of the English menus; numbers stay the caller's language's.
export LANGUAGE=en

pictures=
if [[ ${1:-} == --pictures ]]; then
    pictures=$(realpath "$2")
    mkdir -p "$pictures"
    shift 2
fi
(($# == 3)) || { usage >&2 && exit 2; }
readonly VERSION=$1 PLUG_IN=$2 MODULE=$3

skip() {
    echo "SKIPPED: $*"
    exit $SKIPPED
}

fail() {
    echo "window: $*" >&2
    import -window root "$work/failed.png" && cp "$work/failed.png" "${pictures:-/tmp}/gimp-failed.png"
    exit 1
}

case $VERSION in
    2) gimp="gimp-2.10" ;;
    3) gimp="gimp-3.0" ;;
    *) usage >&2 && exit 2 ;;
esac
for program in "$gimp" Xvfb xdotool openbox import convert; do
    command -v "$program" >/dev/null || skip "$program is not installed"
done
[[ -x $PLUG_IN/plug-in-sisr-upscale ]] || skip "the plug-in for $gimp was not built"

work=$(mktemp -d)
started=()
finish() {
    local process
    # The last one first: GIMP, the window manager, the display.
    for ((i = ${#started[@]} - 1; i >= 0; --i)); do
        process=${started[i]}
        kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap finish EXIT

start_desktop() {
    start_display "$work" $SCREEN || fail "Xvfb does not start: $(tail -1 "$work/xvfb.log")"
    started+=("$display_process")
    openbox >/dev/null 2>&1 &
    started+=($!)
}

# start_gimp PICTURE...: a profile of our own with the few plug-ins that are needed, so that it is up soon.
start_gimp() {
    local profile=$work/profile system name
    rm -rf "$profile"
    mkdir -p "$profile/own"
    system=$(echo /usr/lib/{,*/}"gimp/$VERSION.0/plug-ins" | tr ' ' '\n' | while read -r name; do
        [[ ! -d $name ]] || echo "$name"
    done | head -1)
    for name in script-fu file-png despeckle; do
        [[ ! -e $system/$name ]] || ln -s "$system/$name" "$profile/own/$name"
    done
    ln -s "$(realpath "$PLUG_IN")" "$profile/own/plug-in-sisr-upscale"
    cat >"$profile/gimprc" <<TEXT
(plug-in-path "$profile/own")
(color-profile-policy keep)
TEXT
    # What greets a new user would lie over the image. Each GIMP knows its own word for it.
    if [[ $VERSION == 3 ]]; then
        # It also welcomes who comes from another version.
        echo "(config-version \"$("$gimp" --version | grep -oE '[0-9]+\.[0-9.]+' | head -1)\")
(show-welcome-dialog no)" >>"$profile/gimprc"
    else
        echo "(show-tips no)" >>"$profile/gimprc"
    fi
    GIMP2_DIRECTORY=$profile GIMP3_DIRECTORY=$profile GEGL_PATH=$(gegl_path) \
        "$gimp" --no-splash "$@" >>"$work/log" 2>&1 &
    started+=($!)
}

gegl_path() {
    local folder path=$MODULE
    for folder in /usr/lib/gegl-0.4 /usr/lib/*/gegl-0.4; do
        [[ ! -d $folder ]] || path+=:$folder
    done
    echo "$path"
}

# until_true SECONDS COMMAND...
until_true() {
    local i
    for ((i = 0; i < $1 * 5; ++i)); do
        "${@:2}" && return
        sleep 0.2
    done
    return 1
}

image_window() { xdotool search --onlyvisible --name 'city.*GIMP' 2>/dev/null | head -1; }
title_says() { [[ $(xdotool getwindowname "$(image_window)" 2>/dev/null) == *"$1"* ]]; }
has_window() { [[ -n $(image_window) ]]; }
dialog_window() { xdotool search --onlyvisible --name '^Super-Resolution' 2>/dev/null | head -1; }
has_dialog() { [[ -n $(dialog_window) ]]; }
has_no_dialog() { ! has_dialog; }

keys() {
    local key
    for key in "$@"; do
        xdotool key "$key"
        sleep 0.4
    done
}

# picture NAME [SECONDS [WINDOW]]
picture() {
    [[ -n $pictures ]] || return 0
    # What is made in the background shall be there: thumbnails, the preview.
    sleep "${2:-1}"
    import -window "${3:-root}" "$pictures/$1.png"
}

open_dialog() {
    xdotool windowfocus --sync "$(image_window)"
    # The plug-in's entry is Enhance's last; in GIMP 3 the operation's stands behind it.
    keys alt+r h Up
    [[ $VERSION == 2 ]] || keys Up
    [[ -z ${1:-} ]] || picture "$1"
    keys Return
    until_true 90 has_dialog || fail "the dialog does not open"
    # Its first preview.
    sleep 3
}

plug_in_runs() { pgrep -f "$work/profile/own/plug-in-sisr-upscale.* -run" >/dev/null; }
plug_in_is_gone() { ! plug_in_runs; }

# The button is at the right end of the status bar, where the docks begin.
press_cancel() {
    local x
    for x in 1045 1030 1015 1000 985; do
        xdotool mousemove --sync $x 842 click 1
        sleep 0.3
        plug_in_runs || return 0
    done
}

# type_into_field TEXT: over what the field with the focus holds.
type_into_field() {
    xdotool key ctrl+a
    xdotool type --delay 60 "$1"
    sleep 0.4
}

# refused TEXT: with this scale the enter key does nothing.
refused() {
    type_into_field "$1"
    keys Return
    sleep 1
    has_dialog || fail "a scale of $1 is taken"
    plug_in_runs || fail "the plug-in is gone"
    xdotool windowfocus --sync "$(dialog_window)"
}

# Waits for the title to say $1 after the dialog's enter key.
enlarge_to() {
    keys Return
    until_true 120 title_says "$1" || fail "the image is not $1 but $(xdotool getwindowname "$(image_window)")"
    until_true 60 plug_in_is_gone || fail "the plug-in does not end"
    xdotool windowfocus --sync "$(image_window)"
}

message_windows() { xdotool search --onlyvisible --name '^GIMP Message' 2>/dev/null | wc -l; }
one_message() { (($(message_windows) == 1)); }

