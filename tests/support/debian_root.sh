# shellcheck shell=bash disable=SC2154
# A Debian system in a folder, made by debootstrap: for scripts that try things on another release, or
# on one where nothing is installed. To be sourced; the caller sets `root`, `release`, `mirror` (may be empty)
# and `minutes`, is within become_apart, and has a function skip REASON that ends the script.

# become_apart SCRIPT ARGUMENTS...: again, where mounts and processes are of a world of their own that
# ends with it.
become_apart() {
    [[ -z ${SISR_DEBIAN_INSIDE:-} ]] || return 0
    ((EUID == 0)) || skip "it must be run as root"
    local apart=(unshare --mount --pid --fork --kill-child --propagation private)
    "${apart[@]}" true 2>/dev/null || skip "this machine does not let mount"
    exec "${apart[@]}" env SISR_DEBIAN_INSIDE=1 "$@" </dev/null
}

# The release's main part in apt's words.
host_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
        sed -n '1s,/*$,,p'
}

# within COMMAND...: in the time that is left.
within() {
    local left=$((minutes * 60 - SECONDS))
    ((left > 0)) || skip "no time is left"
    timeout --kill-after=10 "$left" "$@"
}

make_system() {
    [[ ! -f $root/etc/debian_version ]] || return 0
    command -v debootstrap >/dev/null ||
        within apt-get install -y -qq debootstrap >/dev/null || skip "there is no debootstrap"
    [[ -n $mirror ]] || mirror=$(host_mirror)
    [[ -n $mirror ]] || skip "no Debian mirror is known here; name one by --mirror"
    echo "making a system in $root"
    # Only a whole one gets the name.
    rm -rf --one-file-system "$root.part"
    mkdir -p "$root.part"
    within debootstrap --variant=minbase "$release" "$root.part" "$mirror" >"$root.log" 2>&1 ||
        skip "debootstrap: $(tail -n 1 "$root.log")"
    mv -T "$root.part" "$root"
}

# mount_system [FOLDER PLACE]...: the kernel's, and folders of ours, which cannot be written there.
mount_system() {
    mkdir -p "$root"/{proc,sys,dev} && mount -t proc proc "$root/proc" &&
        mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" || return
    while (($#)); do
        mkdir -p "$root/$2" && mount --bind -o ro "$1" "$root/$2" || return
        shift 2
    done
}

inside() {
    local passed=() name
    for name in CI LC_ALL http_proxy https_proxy; do
        [[ -z ${!name:-} ]] || passed+=("$name=${!name}")
    done
    within chroot "$root" env -i -C "${inside_folder:-/}" PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "${passed[@]}" "$@"
}

# How this machine reaches its mirror counts in there, too.
reach_mirror() {
    apt-config dump | grep -E '^Acquire::(https?::Proxy|Check-)' \
        >"$root/etc/apt/apt.conf.d/90host" || true
    cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
}
