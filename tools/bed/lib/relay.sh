# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# A shell in the bed: a relay between this terminal and $dir/tty, a terminal of the machine's own. Sourced by run.sh.

# start_relay: in the background, its process in $relay; returns when $dir/tty is there.
start_relay() {
	install_packages socat
	# A process in the background has no stdin, unless it is given under another name.
	exec 3<&0
	socat "PTY,link=$dir/tty,rawer,wait-slave" "STDIO,rawer,escape=0x1d" <&3 2>/dev/null {hold}>&- &
	relay=$!
	exec 3<&-
	for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$dir/tty" ] || sleep 0.1; done
}
