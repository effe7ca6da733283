# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the host-side tests of the launcher (tools/tests/host/launcher-*.sh) share. They
# build it with sanitizers into $LAUNCHER_OUT, or into a directory that is gone afterwards.
set -u

# shellcheck disable=SC2154 # $here is the test's
launcher=$here/../../axvm
failures=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${LAUNCHER_OUT:-$work/build}

build() {
	if ! make -s -j"$(nproc)" -C "$launcher" OUT="$out" SAN=1 "$@" >"$work/build.log" 2>&1; then
		cat "$work/build.log"
		echo "FAIL: the launcher does not build"
		exit 1
	fi
}

problem() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# check STATUS PROGRAM ARGUMENT...: run it; its output is in $work/out, its messages in $work/err
check() {
	local want=$1 got=0
	shift
	timeout 30 "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
	what="${*##*/}"
	if [ "$got" -ne "$want" ]; then
		problem "exit status $got instead of $want: $what"
		head -5 "$work/err"
	fi
}

# refuse WORD ARGUMENT...: the launcher says one line with that word in it, and ends with 2
refuse() {
	local word=$1
	shift
	check 2 "$out/axvm" "$@"
	if [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -q '^axvm: ' "$work/err"; then
		problem "not one line: $what"
		head -5 "$work/err"
	elif ! grep -qF -e "$word" "$work/err"; then
		problem "no '$word' in: $(cat "$work/err")"
	fi
	[ ! -s "$work/out" ] || problem "something on stdout: $what"
}

# says WORD: the last program printed it; complains WORD: on stderr
says() { grep -qF -e "$1" "$work/out" || problem "no '$1' in the output of $what: $(head -3 "$work/out")"; }
complains() { grep -qF -e "$1" "$work/err" || problem "no '$1' in the messages of $what: $(head -3 "$work/err")"; }
quiet() { [ ! -s "$work/err" ] || problem "messages of $what: $(head -3 "$work/err")"; }

finish() {
	if [ "$failures" -ne 0 ]; then
		echo "$failures failures"
		exit 1
	fi
	echo "ok"
}
