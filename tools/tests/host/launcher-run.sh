#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# launcher-run.sh: the launcher's run loop, console, signals and exit statuses against a
# stand-in for /dev/axvm that keeps the interface's rules. Needs no hypervisor.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/axvm/tests/lib.sh
. "$here/../../axvm/tests/lib.sh"
build tests

head -c 64 /dev/zero >"$work/guest"
fake=$out/tests/axvm-fake
guest=(run --flat "$work/guest@0x7c00" --entry 0x7c00 -m 16M)

# play STATUS SCRIPT OPTION...
play() {
	local want=$1 script=$2
	shift 2
	check "$want" env "AXVM_FAKE=$script" "$fake" "${guest[@]}" "$@"
}

# How a VM ends
play 0 print:hello,poweroff && says hello && quiet
play 100 reset && complains 'asked for a reset'
play 101 triple && complains 'triple fault' && complains 'rip 0000000000007c00'
play 42 exit:42 && quiet
play 1 exit:0x101
play 0 exit:0
play 102 error:5 && complains 'Input/output error'
play 102 failentry && complains 'code 0x21' && complains 'rip 0000000000007c00'
play 102 unknown && complains 'unknown exit 99'
play 102 errno:22 && complains 'cannot run a vCPU'
play 0 io,mmio,hypercall,poweroff -c 4
play 0 errno:4,io,errno:4,poweroff && quiet
play 0 reset,print:again,reset,print:thrice,poweroff -c 2 --reboot && says again && says thrice
play 101 reset,triple --reboot

if [ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" -gt 6000000 ]; then
	play 0 poweroff -m 4100M	# two memory slots
fi

# What the kernel refuses
fails() {	# NR:ERRNO WORD
	check 2 env AXVM_FAKE=poweroff "AXVM_FAKE_FAIL=$1" "$fake" "${guest[@]}"
	complains "$2"
	[ "$(wc -l <"$work/err")" -eq 1 ] || problem "not one line: $(cat "$work/err")"
}
fails 81:19 'cannot create a VM: No such device'
fails 81:16 'axvm doctor'
fails 90:12 'give the VM its memory'
fails 91:22 'create a vCPU'
fails 92:17 'create the device lapic'
fails a2:22 "set a vCPU's registers"
fails 94:16 'boot the VM'
fails 80:25 'different versions'
check 2 env AXVM_FAKE=poweroff AXVM_FAKE_REASON='VMX is locked off' "$fake" "${guest[@]}"
complains 'VMX is locked off'
check 2 env AXVM_FAKE=poweroff AXVM_FAKE_VERSION=99 "$fake" "${guest[@]}"
complains 'version 99'
check 2 env AXVM_FAKE=poweroff "$fake" "${guest[@]}" -c 9
complains '8 at most'

# Console: all output, input from a pipe, end of input is not the end of the VM
play 0 flood:3000000,poweroff
[ "$(wc -c <"$work/out")" -eq 3000000 ] || problem "output lost: $(wc -c <"$work/out")"
printf 'first\nsecond\n' |
	AXVM_FAKE=echo,echo,print:end,poweroff timeout 20 "$fake" "${guest[@]}" >"$work/out"
[ "$(cat "$work/out")" = "$(printf 'got:first\ngot:second\nend')" ] ||
	problem "input from a pipe: $(cat "$work/out")"
echo line >"$work/input"
AXVM_FAKE=echo,poweroff timeout 20 "$fake" "${guest[@]}" <"$work/input" >"$work/out"
[ "$(cat "$work/out")" = got:line ] || problem "input from a file: $(cat "$work/out")"
AXVM_FAKE=poweroff timeout 20 "$fake" "${guest[@]}" <&- >"$work/out" || problem "closed stdin"
status=0
AXVM_FAKE=flood:3000000,wait timeout 20 "$fake" "${guest[@]}" 2>"$work/err" </dev/null |
	head -c 10 >/dev/null
status=${PIPESTATUS[0]}
[ "$status" -eq 2 ] || problem "closed stdout: status $status"

# Signals
signalled() {	# SIGNAL STATUS SCRIPT
	local pid status=0
	AXVM_FAKE=$3 timeout -s KILL 20 "$fake" "${guest[@]}" -c 2 </dev/null >"$work/out" 2>"$work/err" &
	pid=$!
	for _ in $(seq 100); do
		grep -q ready "$work/out" && break
		sleep 0.05
	done
	kill "-$1" "$(pgrep -P $pid)"
	wait $pid || status=$?
	[ "$status" -eq "$2" ] || problem "SIG$1: status $status instead of $2: $(cat "$work/err")"
}
signalled TERM 143 print:ready,wait
signalled HUP 129 print:ready,wait
signalled QUIT 131 print:ready,wait

# The terminal: raw while the guest runs, as before afterwards, escape keys
terminal() {	# KEYS SCRIPT: status in $status, what was shown in $work/out
	status=0
	# shellcheck disable=SC2016 # for the inner shell
	printf '%s\n' 'before=$(stty -g)' "AXVM_FAKE=$2 $fake ${guest[*]}" 'status=$?' \
		'[ "$(stty -g)" = "$before" ] && echo TERMINAL-AS-BEFORE' 'exit $status' >"$work/session"
	: >"$work/out"
	# shellcheck disable=SC2094 # what is typed waits for what is shown
	{
		for _ in $(seq 200); do
			grep -q 'Ctrl-A x ends' "$work/out" && break
			sleep 0.05
		done
		printf '%b' "$1"
		sleep 0.3
	} | timeout 30 script -qec "bash $work/session" /dev/null >"$work/out" 2>&1 || status=$?
	grep -q TERMINAL-AS-BEFORE "$work/out" || problem "the terminal is not as before: $2"
}
if command -v script >/dev/null; then
	terminal '\001x' print:up,wait
	[ "$status" -eq 103 ] || problem "Ctrl-A x: status $status"
	grep -q 'Ctrl-A x ends' "$work/out" || problem "no word about the escape key"
	terminal '\001h\001x' wait
	grep -q 'show this' "$work/out" || problem "Ctrl-A h shows nothing"
	terminal 'a\001\001\003b\r' echo,exit:7
	[ "$status" -eq 7 ] || problem "keys: status $status"
	grep -qaP 'got:a\x01\x03b' "$work/out" || problem "keys do not reach the guest as they are"
	terminal '' triple
	[ "$status" -eq 101 ] || problem "triple fault in a terminal: status $status"
	terminal '' failentry
	[ "$status" -eq 102 ] || problem "failed entry in a terminal: status $status"
fi

# ps, devices, doctor
check 0 "$fake" ps && says 'three' && says 'seven' && says '3584M' && says 'running'
check 0 "$fake" devices && says '0x24  pit'
check 0 "$fake" doctor && says 'Guests can run.'
check 1 env AXVM_FAKE_REASON='locked off by firmware' "$fake" doctor
says 'locked off by firmware' && says 'No guest can run here.'
check 1 env AXVM_FAKE_VERSION=99 "$fake" doctor && says 'version 99'
finish
