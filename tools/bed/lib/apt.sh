# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# Debian packages for the test bed: installing the missing ones from the machine's own suites, and fetching (never
# installing) packages of other suites through an apt configuration of our own in the cache. Sourced after common.sh.

# install PACKAGE...: install those that are missing; needs root or sudo only when there are any.
install_packages() {
	local p present missing=() sudo=()
	present=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true) "
	for p; do
		case $present in *" installed:$p "*) ;; *) missing+=("$p") ;; esac
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "these packages are missing and this is no Debian: ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; } ||
			die "not root and no sudo: ask for these packages to be installed: ${missing[*]}"
		sudo=(sudo)
	fi
	install_now() {
		"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends "${missing[@]}" ||
			{ "${sudo[@]}" apt-get update -qq && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
				apt-get install -qq -y --no-install-recommends "${missing[@]}"; }
	}
	# A process of its own, so that the lock is free again: the scripts that we start next may install something too.
	(lock packages && step "installing ${missing[*]}" "" 0 "$cache/log/packages.log" install_now) || exit
}

# The mirror that the machine's apt uses for Debian; empty on a machine that is no Debian.
debian_mirror() {
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -F'|' '$1 == "Debian" && $2 == "Debian" && !/updates/ {print $3; exit}'
}

# private_apt PROGRAM ARGUMENT...: apt-get or apt-cache on the suites below, not on the machine's.
private_apt() {
	local program=$1
	shift
	"$program" -q -o Dir::Etc::sourcelist="$cache/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::State::lists="$cache/apt/lists" -o Dir::Cache="$cache/apt/cache" \
		-o APT::Architectures=amd64,arm64 -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3 "$@"
}

# private_update: make the private lists, or renew them when they are older than a day. The lock is given up as in
# install_packages.
private_update() {
	(lock apt && update_lists) || exit
}

update_lists() {
	local mirror suite sign=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -z "$(find "$cache/apt/fresh" -mmin -1440 2>/dev/null)" ] || return 0
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "no Debian mirror in this machine's apt sources: cannot fetch the parts of the bed"
	[ -f "$sign" ] || install_packages debian-archive-keyring
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial" || return
	for suite in trixie trixie-backports bookworm bookworm-backports; do
		printf '%s [signed-by=%s] %s %s main\n' deb "$sign" "$mirror" "$suite" deb-src "$sign" "$mirror" "$suite"
	done >"$cache/apt/sources.list" || return
	step "reading Debian's package lists" "" 0 "$cache/log/apt.log" \
		private_apt apt-get -o APT::Update::Error-Mode=any update && touch "$cache/apt/fresh"
}

# fetch_deb DIRECTORY PACKAGE SUITE...: the package (NAME or NAME:ARCHITECTURE) from the first suite that has it, unpacked
# into DIRECTORY.
fetch_deb() {
	local dir=$1 package=$2 name=${2%:*} suite
	shift 2
	private_update
	fetch_now() {
		mkdir -p "$cache/dl" && cd "$cache/dl" && rm -f "$name"_*.deb
		for suite in "$@"; do
			private_apt apt-get download "$package/$suite" && dpkg -x "$name"_*.deb "$dir" &&
				rm -f "$name"_*.deb && return 0
		done
		return 1
	}
	step "fetching $package" "" 0 "$cache/log/fetch-$name.log" fetch_now "$@"
}
