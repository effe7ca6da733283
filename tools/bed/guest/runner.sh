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
# that matches /bed/splats.txt; of a KUnit suite that log is the output, and the look is the reader's, as is the verdict on
# the cases. What a test leaves behind (processes, modules) goes; what will not go is the test's failure.
#
# On a debug kernel it is starting programs that takes the time: the shell does itself what it can.
cd /tmp || exit 1
log=/tmp/runner.dmesg

# modules: their names, newest first, in $modules.
modules() {
	modules=''
	while read -r m _; do modules="$modules $m"; done </proc/modules
}

# Processes that are younger than we are and of another session go, but no kernel threads.
kill_strays() {
	for p in /proc/[0-9]*; do
		p=${p#/proc/}
		[ "$p" -gt $$ ] || continue
		{ read -r line <"/proc/$p/stat"; } 2>/dev/null || continue
		# shellcheck disable=SC2086
		set -- ${line##*) }
		[ "$2" = 2 ] || [ "$4" = "$session" ] || kill -KILL "$p" 2>/dev/null
	done
}

# What was not there at the start goes, users of a module before it. axvm stays for the next KUnit suite, if nobody holds it.
clean_up() {
	[ "$1" = kunit ] || kill_strays
	modules
	left=''
	for m in $modules; do
		case " $first_modules kunit " in *" $m "*) continue ;; esac
		if [ "$1 $m" = "kunit axvm" ] && grep -q '^axvm [0-9]* 0 ' /proc/modules; then continue; fi
		rmmod "$m" 2>/dev/null || left="$left $m"
	done
	[ -z "$left" ]
}

run_kunit() {
	[ -d /sys/module/kunit ] || modprobe kunit enable=1 || return 1
	modprobe "$1" || return 1
}

run_test() {
	clean_up test
	setsid timeout -s KILL "$2" "/tests/$1.sh" </dev/null
	status=$?
	case $status in
	137 | 143) echo "killed after $2 seconds"; return 124 ;;
	esac
	return "$status"
}

read -r line </proc/self/stat
# shellcheck disable=SC2086
set -- ${line##*) }
session=$4
modules
first_modules=$modules
dmesg -c >"$log"
while read -r kind name seconds; do
	echo "bed: begin $name" >/dev/kmsg
	echo "@@begin $kind $name"
	status=0
	"run_$kind" "$name" "$seconds" 2>&1 || status=$?
	# Who was killed may take a moment to let go.
	if ! clean_up "$kind" && sleep 1 && ! clean_up "$kind"; then
		echo "left behind and in use:$left"
		[ "$status" -ne 0 ] || status=1
	fi
	if [ -n "$BED_KMEMLEAK" ]; then
		# An object is reported when two scans have missed it.
		for _ in 1 2; do echo scan >/sys/kernel/debug/kmemleak; sleep 1; done
		grep -A 20 'unreferenced object' /sys/kernel/debug/kmemleak && status=126
		echo clear >/sys/kernel/debug/kmemleak
	fi
	if [ "$kind" = kunit ]; then
		dmesg -c
	else
		dmesg -c >"$log"
		if grep -Ef /bed/splats.txt -A 25 "$log" >"$log.bad"; then
			echo "the kernel complained:"
			head -n 60 "$log.bad"
			status=126
		elif [ "$status" -ne 0 ] && [ "$status" -ne 4 ]; then
			echo "the end of the kernel's log:"
			tail -n 15 "$log"
		fi
	fi
	echo "@@end $status"
done </bed/tests
clean_up test
exit 0
