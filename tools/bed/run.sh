#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh [OPTION...] [--] COMMAND...: run a shell command in the bed: a kernel that was built for it, in a machine with VMX
# or EL2 (ARCH=arm64), with this checkout's modules (/mod), tests (/tests) and launcher (/bin/axvm) in its root file system.
# See usage() below, and `run.sh --shell` for a shell there.
#
# Exit status: the command's; 124 when the time was up; 125 when the bed failed; 126 when the kernel complained (a WARNING,
# a lockdep or KASAN report, an oops ...), whatever the command said. SIGUSR1 says that the time is up.
set -euo pipefail
export bed_status=125
. "$(dirname "$0")/lib/common.sh"
. "$bed/lib/apt.sh"
. "$bed/lib/cross.sh"
. "$bed/lib/initramfs.sh"
. "$bed/lib/disk.sh"
. "$bed/lib/root.sh"
. "$bed/lib/relay.sh"
. "$bed/lib/peer.sh"
. "$bed/lib/bochs-run.sh"
. "$bed/lib/qemu-run.sh"
. "$bed/lib/vng-run.sh"

usage() {
	cat <<-TEXT
		usage: tools/bed/run.sh [OPTION...] [--] COMMAND...
		  -k KERNEL      plain (default), debug, debian-6.12, debian-6.1
		  -c CPUS        1 (default) to 8
		  -m MB          memory, 256 by default
		  -t SECONDS     bound of the whole run (default 120, 600 with the debug kernel)
		  -a WORDS       more words for the kernel's command line
		  -f FILE[:PATH] put a file of this machine at PATH (default /root/NAME); may be repeated
		  -g             put the guest's kernel and initramfs at /guest/kernel and /guest/initramfs
		  -v             show the kernel's console too
		  -o DIRECTORY   keep console.log, out.log and machine.log there
		  -n             without this checkout's modules and launcher
		  -S             let the kernel complain: no status 126
		  --kvm          load kvm and kvm-intel first; arm64: KVM takes EL2 (else: kvm-arm.mode=none)
		  --model NAME   the machine's CPU: Bochs' default is broadwell_ult, QEMU's neoverse-n1
		  --bed NAME     bochs, qemu (arm64), or vng (virtme-ng)
		  --shell        no command: a shell on this terminal; Ctrl-] ends it
		bochs only:
		  --ips N        instructions a second of the machine's clock (default 50 million; debug: 200 million)
		qemu only:
		  --exact        count instructions: a tick of the counter is an instruction, each run is the same, nothing depends
		                 on how busy this machine is (default, but for a shell; Bochs always does so)
		  --vfio         an SMMUv3, and devices behind it to be given to guests: lib/qemu-run.sh says which
		  --parallel     instead: each processor is a thread, and time is the real time
		ARCH=x86_64 or arm64 in the environment is the family; it is this machine's own by default.
	TEXT
}

kernel=plain cpus=1 memory=256 bound='' append='' guest='' verbose='' keep='' splats=yes none='' kvm=''
model='' ips='' exact=yes machine_kind=$arch_machine vfio='' shell='' built='' relay='' peer='' files=()
args=$(getopt -n run.sh -s bash -o +k:c:m:t:a:f:gvo:nSh -l kvm,vfio,shell,exact,parallel,model:,ips:,bed:,help -- "$@") ||
	{ usage >&2; exit 125; }
eval set -- "$args"
while [ "$1" != -- ]; do
	case $1 in
	-k) kernel=$2 ;;
	-c) cpus=$2 ;;
	-m) memory=$2 ;;
	-t) bound=$2 ;;
	-a) append=$2 ;;
	-f) files+=("$2") ;;
	-o) keep=$2 ;;
	--model) model=$2 ;;
	--ips) ips=$2 ;;
	--bed) machine_kind=$2 ;;
	*)
		case $1 in
		-g) guest=yes ;;
		-v) verbose=yes ;;
		-n) none=yes ;;
		-S) splats='' ;;
		--kvm) kvm=yes ;;
		--vfio) vfio=yes ;;
		--shell) shell=yes exact='' ;;
		--exact) exact=yes ;;
		--parallel) exact='' ;;
		-h | --help) usage; exit 0 ;;
		esac
		shift
		continue
		;;
	esac
	shift 2
done
shift
[ $# -gt 0 ] || [ -n "$shell" ] || { usage >&2; exit 125; }
case $machine_kind in
vng | "$arch_machine") ;;
*) die "no such bed for $arch: $machine_kind" ;;
esac
[ -z "$shell" ] || [ "$machine_kind" != vng ] || die "a shell is in the $arch_machine bed only"
[ -z "$vfio" ] || [ "$machine_kind" = qemu ] || die "devices for VFIO are in the qemu bed only"
case $kernel in
debug) default_bound=600 ;;
*) default_bound=120 ;;
esac
[ -z "$shell" ] || default_bound=864000
bound=${bound:-$default_bound}
[ -n "$kvm" ] || append=$arch_no_kvm${append:+${arch_no_kvm:+ }$append}

install_packages busybox-static cpio kmod
busybox=$(busybox_of)
tree=$("$bed/kernel.sh" "$kernel") || exit 125
[ -n "$none" ] || built=$("$bed/modules.sh" "$kernel") || exit 125
[ -z "$guest" ] || guest=$("$bed/guest.sh") || exit 125

dir=$(mktemp -d "${TMPDIR:-/tmp}/axvm-bed.XXXXXX") || die "no room for a temporary directory"
machine=''
# However this process ends, the machine ends with it.
mortal=(setpriv --pdeathsig KILL)
clean() {
	[ -z "$machine" ] || kill -KILL -- "-$machine" 2>/dev/null || true
	[ -z "$peer" ] || kill "$peer" 2>/dev/null || true
	[ -z "$keep" ] || { mkdir -p "$keep" && cp "$dir"/*.log "$keep/"; } 2>/dev/null || true
	rm -rf "$dir"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP
trap 'ended=hang' USR1

"${machine_kind}_prepare" "$@" || die "cannot make the machine"
mkfifo "$dir/out.fifo"
: >"$dir/console.log"
sed -u 's/\r$//' <"$dir/out.fifo" | tee "$dir/out.log" | sed -u -e '/^@@exit [0-9]*$/d' -e 's/@@exit [0-9]*$//' &
output=$!
# A machine that says nothing opens no pipe; with us holding its end the reader starts, and stops when we let go.
exec {hold}<>"$dir/out.fifo"
"${machine_kind}_start"
if [ -n "$verbose" ]; then
	tail -n +1 -s 0.1 -f --pid="$machine" "$dir/console.log" 2>/dev/null {hold}>&- | sed -u 's/\r$//' >&2 {hold}>&- &
fi

# Wait for its end, for the end of the time, or for a kernel that stopped.
ended='' start=$SECONDS
while [ -z "$ended" ] && kill -0 "$machine" 2>/dev/null; do
	sleep 0.1
	if [ $((SECONDS - start)) -ge "$bound" ]; then
		ended=hang
	elif grep -qa 'end Kernel panic' "$dir/console.log"; then
		ended=panic
	elif [ -n "$relay" ] && ! kill -0 "$relay" 2>/dev/null; then
		ended=left
	fi
done
[ -z "$ended" ] || kill -KILL -- "-$machine" 2>/dev/null || true
wait "$machine" 2>/dev/null || true
machine=''
exec {hold}>&-
wait "$output" 2>/dev/null || true
[ -z "$shell" ] || exit 0

# The verdict.
sed -i 's/\r//g' "$dir/console.log"
indent() { sed 's/^/    /' >&2; }
# What the kernel says before process 1 is between it and the machine. Of a list of tests, the last one is of interest.
awk '/Run .*init as init process/ {text = ""} {text = text $0 "\n"} END {printf "%s", text}' \
	"$dir/console.log" >"$dir/console.ours"
awk '/bed: begin / {text = ""} {text = text $0 "\n"} END {printf "%s", text}' "$dir/console.ours" >"$dir/console.last"
complaint=''
if [ -n "$splats" ] && grep -qaEf "$bed/guest/splats.txt" "$dir/console.ours"; then
	complaint=yes
	say "the kernel complained:"
	grep -qaEf "$bed/guest/splats.txt" "$dir/console.last" || mv "$dir/console.ours" "$dir/console.last"
	awk -v n="$(grep -naEf "$bed/guest/splats.txt" -m 1 "$dir/console.last" | cut -d: -f1)" 'NR >= n - 2' \
		"$dir/console.last" | head -n 80 | indent
fi
status=$(sed -n 's/.*@@exit \([0-9]*\)$/\1/p' "$dir/out.log" | tail -n 1)
if [ -z "$status" ]; then
	if [ -z "$complaint" ]; then
		say "the last lines of the kernel's console:"
		tail -n 40 "$dir/console.log" | indent
	fi
	"${machine_kind}_trouble" >"$dir/trouble" || true
	[ ! -s "$dir/trouble" ] || { say "what the machine's log says:"; indent <"$dir/trouble"; }
	[ "$ended" != hang ] || { say "no end after $((SECONDS - start)) seconds"; exit 124; }
	say "the machine stopped before the command's end"
fi
[ -z "$complaint" ] || exit 126
exit "${status:-125}"
