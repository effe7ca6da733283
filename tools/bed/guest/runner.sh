#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs tests inside a bed, whichever it is, one after another, and frames each for tools/check.sh:
#
#   @@begin KIND NAME
#   ... what it printed ...
#   @@end STATUS          0 passed, 4 skipped, 124 time was up, 126 the kernel complained, others failed
#
# /bed/tests lists them, a line each: KIND NAME SECONDS, KIND being "kunit" (a module /mod/kunit/NAME.ko) or "test" (an
# executable /tests/NAME.sh). A test starts with an empty kernel log, and is followed by a look into that log for anything
# that matches /bed/splats.txt. (Of a KUnit suite that log is the output.) What it leaves behind (processes, modules) goes; what will not go is the test's failure.
cd /tmp || exit 1
log=/tmp/runner.dmesg
first=$(lsmod | awk 'NR > 1 {print $1}' | tr '\n' ' ')

run_kunit() {
	grep -q '^kunit ' /proc/modules || modprobe kunit enable=1 || return 1
	modprobe "$1" || return 1
	# The verdict on the cases is the reader's.
	dmesg -c >"$log"
	sed 's/^\[ *[0-9.]*\] //' "$log"
}

run_test() {
	setsid timeout -s KILL "$2" "/tests/$1.sh" </dev/null
	status=$?
	case $status in
	137 | 143) echo "killed after $2 seconds"; return 124 ;;
	esac
	return "$status"
}

# Modules that were not there at the start, newest first, so users of a module go before it.
remove_modules() {
	left=''
	cat /proc/modules >/tmp/runner.modules
	while read -r m _; do
		case " $first kunit " in
		*" $m "*) ;;
		*) rmmod "$m" 2>/dev/null || left="$left $m" ;;
		esac
	done </tmp/runner.modules
	[ -z "$left" ]
}

while read -r kind name seconds; do
	dmesg -c >/dev/null
	: >"$log"
	echo "bed: begin $name" >/dev/kmsg
	echo "@@begin $kind $name"
	status=0
	"run_$kind" "$name" "$seconds" 2>&1 || status=$?
	killall5 -9 2>/dev/null
	if ! remove_modules; then
		sleep 1
		if ! remove_modules; then
			echo "left behind and in use:$left"
			[ "$status" -ne 0 ] || status=1
		fi
	fi
	if [ -n "$BED_KMEMLEAK" ]; then
		# An object is reported when two scans have missed it.
		for _ in 1 2; do echo scan >/sys/kernel/debug/kmemleak; sleep 1; done
		grep -A 20 'unreferenced object' /sys/kernel/debug/kmemleak && status=126
		echo clear >/sys/kernel/debug/kmemleak
	fi
	dmesg -c >>"$log"
	if grep -qEf /bed/splats.txt "$log"; then
		[ "$kind" = kunit ] || grep -Ef /bed/splats.txt -A 25 "$log" | head -n 60
		status=126
	elif [ "$status" -ne 0 ] && [ "$status" -ne 4 ]; then
		echo "the end of the kernel's log:"
		tail -n 15 "$log"
	fi
	echo "@@end $status"
done </bed/tests
exit 0
