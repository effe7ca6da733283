# shellcheck shell=sh disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# A talk with a Linux guest over its console; no test of its own. Sourced by tests, which have fail() and say in $out where
# to write what the guest says. $launcher is the process, descriptor 9 what is typed.

# guest_boots ARGUMENT...: of axvm run; until the guest's init is there
guest_boots() {
	rm -f /tmp/console.in && mkfifo /tmp/console.in
	# The launcher empties it late, when the FIFO is open: what the guest before it said must not count.
	: >"$out"
	axvm run "$@" </tmp/console.in >"$out" 2>&1 &
	launcher=$!
	exec 9>/tmp/console.in
	await GUEST-UP
}

# await WORD [TIMES]: wait for so many lines of the guest with it, or of what else is $launcher
await() {
	n=0
	until [ "$(grep -c "$1" "$out")" -ge "${2:-1}" ]; do
		n=$((n + 1))
		[ $n -le 1500 ] || fail "nobody said $1"
		kill -0 "$launcher" 2>/dev/null || [ "$(grep -c "$1" "$out")" -ge "${2:-1}" ] || fail "an end before $1"
		usleep 200000
	done
}

# say WORD COMMAND: type a command into the guest's console, and wait until it has said the word
say() {
	echo "$2; echo \"$1\"\"-said\"" >&9
	await "$1-said"
}

# guest_ends: by a power-off that somebody has asked for
guest_ends() {
	wait "$launcher"
	status=$?
	exec 9>&-
	[ $status = 0 ] || fail "exit status $status after a power-off"
}

# finish: ask for it
finish() {
	echo 'poweroff -f' >&9
	guest_ends
}
