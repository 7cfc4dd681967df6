# What script/run and script/test share. Sourced, never run. Debian, Ubuntu and Raspberry Pi OS.
# shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# Print the first Python that is new enough; the household's own `python3` comes first.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# Run a command as root, without ever asking for a password; false when that may not be.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

may_install() {
    [ -z "${COMMONHEARTH_NO_APT:-}" ] && command -v apt-get >/dev/null && as_root true
}

# Install Debian packages without a question and without starting any service: Debian's own
# mosquitto would take port 1883, on which the hub's is about to listen.
apt_install() {
    may_install || return 1
    local log status=0
    log="$(mktemp)"
    (
        # In a shell of its own, so that the ban on starting services ends however this ends.
        policy=/usr/sbin/policy-rc.d
        # One with our name was left by a run that was killed, and would keep every service down.
        if [ ! -e "$policy" ] || grep -q 'Commonhearth' "$policy"; then
            trap 'as_root rm -f "$policy"' EXIT
            trap 'exit 1' INT TERM HUP
            printf '#!/bin/sh\n# Commonhearth, while it installs packages\nexit 101\n' |
                as_root tee "$policy" >/dev/null
            as_root chmod 755 "$policy"
        fi
        # An index that could not be refreshed is no reason not to try.
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -o DPkg::Lock::Timeout=120 -qq update </dev/null || true
        as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -o DPkg::Lock::Timeout=120 -qq -y --no-install-recommends install "$@" </dev/null
    ) >"$log" 2>&1 || status=$?
    if [ "$status" != 0 ]; then
        say "apt-get could not install $*: $(grep -m1 -E '^(E|Err)' "$log" || tail -n 1 "$log")"
    fi
    rm -f "$log"
    return "$status"
}

# install_mosquitto [PACKAGE…]: the hub runs a Mosquitto of its own; Debian's must not take its port
# at the next boot either. One that was there before is the household's, and is left as it is.
install_mosquitto() {
    if has_mosquitto; then
        [ "$#" = 0 ] || apt_install "$@"
        return
    fi
    apt_install mosquitto "$@" || return 1
    if command -v systemctl >/dev/null; then
        as_root systemctl disable mosquitto.service >/dev/null 2>&1 || true
    elif command -v update-rc.d >/dev/null; then
        as_root update-rc.d mosquitto disable >/dev/null 2>&1 || true
    fi
}

has_mosquitto() { PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v mosquitto >/dev/null; }

# ensure_venv FOLDER LOCK: make FOLDER hold exactly what LOCK names. The stamp is written last, so
# that an interrupted installation is taken up again.
ensure_venv() {
    local venv="$1" lock="$2" python wanted log
    # Behind a link is somebody else's environment: to be used, never to be cleared.
    [ -L "$venv" ] && [ -x "$venv/bin/python" ] && return 0
    python="$(find_python)" ||
        die "Commonhearth needs Python 3.11 or newer: sudo apt install python3 python3-venv"
    wanted="$(sha256sum <"$lock" | cut -d' ' -f1) $("$python" -VV | tr '\n' ' ')$venv"
    [ "$(cat "$venv/.stamp" 2>/dev/null)" = "$wanted" ] && return 0

    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install python3-venv ||
            die "$python cannot make a virtual environment: sudo apt install python3-venv"
    fi
    say "Installing into $(basename "$venv") (once; a minute or a few on a Raspberry Pi)"
    log="$(mktemp)"
    # A venv of another Python, or one that was copied here, cannot be mended: begin again.
    local same=(--clear)
    if [ "$("$venv/bin/python" -VV 2>/dev/null)" = "$("$python" -VV)" ]; then
        case "$(cat "$venv/.stamp" 2>/dev/null)" in
            "" | *"$venv") same=() ;;
        esac
    fi
    if ! { "$python" -m venv "${same[@]}" "$venv" &&
        "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
            --no-deps --require-hashes --requirement "$lock"; } >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "The installation failed (above); run it again once that is mended."
    fi
    rm -f "$log"
    printf '%s' "$wanted" >"$venv/.stamp"
}
