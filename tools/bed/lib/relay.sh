# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# A shell in the bed: a relay between this terminal and $dir/tty, a terminal of the machine's own. Sourced by run.sh.

# await_tty LINK: until socat has made it.
await_tty() {
	local n
	for ((n = 0; n < 100; n++)); do [ ! -e "$1" ] || return 0; sleep 0.02; done
	die "socat has not made $1"
}

# start_relay: in the background, its process in $relay; returns when $dir/tty is there.
start_relay() {
	install_packages socat
	# A process in the background has no stdin, unless it is given under another name.
	exec 3<&0
	socat "PTY,link=$dir/tty,rawer,wait-slave" "STDIO,rawer,escape=0x1d" <&3 2>/dev/null {hold}>&- &
	relay=$!
	exec 3<&-
	await_tty "$dir/tty"
}
