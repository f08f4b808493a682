# Shared by scripts/run and scripts/test; sourced, never run. Works with bash 3.2 (macOS).
# shellcheck shell=bash
set -euo pipefail
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
system=$(uname -s)

fail() {
	echo "$(basename "$0"): $1" >&2
	exit "${2:-1}"
}

# One line of the board: a sign, what, the facts, how long it took.
line() {
	printf '  %-5s %-14s %-46s %s\n' "$1" "$2" "$3" "${4-}"
}

since() {
	echo "$((SECONDS - $1)) s"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		fail "root is needed for: $*"
	fi
}

# The packages of the named sets that are not installed: "package<TAB>why" lines.
missing_packages() {
	local set apt brew why package installed
	if [ "$system" = Darwin ]; then
		installed=" $(brew list --formula -1 | tr '\n' ' ') "
	else
		installed=" $(dpkg-query -W -f '${db:Status-Abbrev} ${Package} ' | tr ' ' '\n' | paste -sd' ') "
	fi
	while read -r set apt brew why; do
		case " $* " in *" $set "*) ;; *) continue ;; esac
		package=$apt
		[ "$system" != Darwin ] || package=$brew
		[ "$package" != - ] || continue
		case $installed in *" $package "*) continue ;; esac
		printf '%s\t%s\n' "$package" "$why"
	done < <(grep -v '^#' "$root/scripts/packages")
}

# Says what it will install and why, then installs it. Arguments: sets of scripts/packages.
install_packages() {
	local began=$SECONDS missing names log
	missing=$(missing_packages "$@")
	if [ -z "$missing" ]; then
		line ok packages "nothing to install"
		return
	fi
	echo "  to be installed with $([ "$system" = Darwin ] && echo brew || echo apt-get):"
	printf '%s\n' "$missing" | while IFS=$'\t' read -r name why; do
		printf '    %-24s %s\n' "$name" "$why"
	done
	names=$(printf '%s\n' "$missing" | cut -f1)
	mkdir -p build
	log=build/packages.log
	# shellcheck disable=SC2086 # one word a package
	if [ "$system" = Darwin ]; then
		brew install --quiet $names >"$log" 2>&1
	else
		as_root apt-get update -q >"$log" 2>&1 &&
			as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $names >>"$log" 2>&1
	fi || {
		tail -n 20 "$log" >&2
		fail "the packages could not be installed; the whole output is in $log"
	}
	line ok packages "installed: $(printf '%s\n' "$missing" | wc -l | tr -d ' ')" "$(since "$began")"
}

# Builds a preset of CMakePresets.json. Its words go to build/PRESET.log.
build() {
	local preset=$1 began=$SECONDS log
	mkdir -p build
	log=build/$preset.log
	{ cmake --preset "$preset" && cmake --build --preset "$preset"; } >"$log" 2>&1 || {
		grep -E -A6 'error:|warning:|CMake Error' "$log" | head -n 40 >&2 || tail -n 40 "$log" >&2
		fail "the build failed; the whole output is in $log"
	}
	line ok "build $preset" "$(git ls-files 'lib/*.c' 'daemon/*.c' 'ctl/*.c' | wc -l | tr -d ' ') files" "$(since "$began")"
}

# The rig's guest image: sets `image`. On a terminal with a bar.
guest_image() {
	local began=$SECONDS path percent text
	path=$(tests/rig/image/build --path) || fail "this machine cannot have the rig's guest image"
	if [ -f "$path" ]; then
		image=$path
		line ok "guest image" "cached $(basename "$path")"
		return
	fi
	mkdir -p build
	{ tests/rig/image/build 2>&1 >build/image.path | while read -r word percent text; do
		if [ "$word" != progress ]; then
			echo "$word $percent $text" >&2
		elif [ -t 1 ]; then
			printf '\r  ...   %-14s %-34s [%-20.*s]' "guest image" "$text" "$((percent / 5))" "===================="
		elif [ "$((percent / 10))" != "${tenth:-}" ]; then
			tenth=$((percent / 10))
			line ... "guest image" "$percent % $text"
		fi
	done; } || fail "the guest image could not be built"
	[ ! -t 1 ] || printf '\r\033[K'
	image=$(cat build/image.path)
	[ -f "$image" ] || fail "the guest image could not be built"
	line ok "guest image" "built $(basename "$image")" "$(since "$began")"
}

# The accelerator for a guest: sets `accel`.
find_accel() {
	local why
	why=$(tests/rig/image/accel 2>&1 >build/accel) || true
	accel=$(cat build/accel)
	why=${why#accel: }
	line ok accelerator "$accel (${why:0:60})"
}

# Whom the daemon runs for: sets `user`; as root and without a name, an account of its own is made
# and removed again by remove_user.
made_user=
choose_user() {
	user=${1:-}
	[ -n "$user" ] || [ "$(id -u)" != 0 ] || user=${SUDO_USER:-}
	if [ "$(id -u)" != 0 ]; then
		[ -z "$user" ] || [ "$user" = "$(id -un)" ] || fail "--user $user: only root can run it for somebody else" 2
		user=$(id -un)
	elif [ -z "$user" ] || [ "$user" = root ]; then
		[ "$system" != Darwin ] || fail "as root, name an account with --user" 2
		user=pulse$$
		useradd --create-home --shell /bin/sh "$user"
		made_user=$user
		line ok user "$user, made for this run"
	else
		id -u "$user" >/dev/null 2>&1 || fail "--user $user: there is no such account" 2
	fi
}

remove_user() {
	[ -z "$made_user" ] || userdel --remove "$made_user" >/dev/null 2>&1 || true
	made_user=
}

# A command as `user`.
as_user() {
	if [ "$(id -u)" = 0 ]; then
		su "$user" -s /bin/sh -c '"$@"' -- sh "$@"
	else
		"$@"
	fi
}
