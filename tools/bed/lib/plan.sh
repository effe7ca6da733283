# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# Which tests there are and what machine each needs: the plan that tools/check.sh carries out. Sourced after common.sh.
#
# A KUnit suite is a module under kunit/, an integration test an executable tools/tests/NAME.sh. Lines near the start of
# the test (of kunit/X_test.c for the module axvm_test_X) may say what it needs, for example
#
#   # bed: arch=x86_64 kernels=plain,debug cpus=1,2 kvm=0,1 guest=1 mem=512 timeout=120 append=hugepages=64 kmemleak=1
#   # bed: arch=arm64 kernels=plain cpus=2 kvm=0,1 model=neoverse-n1,max guest=1
#
# A list means once with each. Each line stands for itself: a test with several has the boots of all of them. arch=: the
# families; a suite that is not built for a family needs no word. kvm=1: kvm_intel is loaded first, or KVM is initialised.
# model=: the machine's CPU, "-" for the usual one. parallel=1: QEMU is not exact, its processors are threads. guest=1: /guest
# holds a kernel and an initramfs to boot; guest=2: also Debian's kernel, /guest/debian. vfio=1: an IOMMU and spare devices
# behind it. timeout is in the machine's seconds
# (four times as many on the debug kernel). soak=1: the line is for a soak only. Tests with equal needs share a boot.

# needs FILE: its "bed:" lines; an empty line if it has none.
needs() {
	{ [ ! -f "$1" ] || sed -nE '1,25s/^[ #*/]*bed: (.*)$/\1/p' "$1"; } | awk '{print} END {if (!NR) print ""}'
}

# plan_line KIND NAME FILE KERNEL WORDS: a line a boot that these words of a test want on this kernel of this family:
#   arch=A kernel=K cpus=N kvm=N model=M parallel=N vfio=N append=... kmemleak=N <tab> mem guest <tab> KIND NAME SECONDS
plan_line() {
	local kind=$1 name=$2 kernel=$4 word families=x86_64,arm64 kernels=plain,debug cpus=2 kvm=0 model=- parallel=0 guest=0 vfio=0 mem=256
	local timeout=60 append='' kmemleak=0 soak=0 c v m p
	for word in $5; do
		case $word in
		arch=*) families=${word#arch=} ;;
		kernels=* | cpus=* | kvm=* | model=* | parallel=* | guest=* | vfio=* | mem=* | timeout=* | kmemleak=* | soak=*) local "${word?}" ;;
		append=*) append+=${append:+,}${word#append=} ;;
		*) die "$3: what is \"$word\" in its bed: line?" ;;
		esac
	done
	[ "$soak" = 0 ] || [ -n "${AXVM_SOAK:-}" ] || return 0
	case ,$families, in *",$arch,"*) ;; *) return 0 ;; esac
	case ,$kernels, in *",$kernel,"*) ;; *) return 0 ;; esac
	[ "$kernel" != debug ] || timeout=$((timeout * 4))
	[ -z "${AXVM_SOAK:-}" ] || timeout=$((timeout * 10))
	for c in ${cpus//,/ }; do
		for v in ${kvm//,/ }; do
			for m in ${model//,/ }; do
				for p in ${parallel//,/ }; do
					printf 'arch=%s kernel=%s cpus=%s kvm=%s model=%s parallel=%s vfio=%s append=%s kmemleak=%s\t%s %s\t%s %s %s\n' \
						"$arch" "$kernel" "$c" "$v" "$m" "$p" "$vfio" "$append" "$kmemleak" \
						"$mem" "$guest" "$kind" "$name" "$timeout"
				done
			done
		done
	done
}

# plan_test KIND NAME FILE KERNEL: the lines of one test.
plan_test() {
	local words
	needs "$3" | while IFS= read -r words; do plan_line "$@" "$words"; done
}

# wanted NAME: does T ask for this test (or for all)?
wanted() {
	[ -z "${T:-}" ] || [ "$T" = "$1" ] || [ "$T" = "${1#axvm_test_}" ] || [ "$T" = "$1.sh" ]
}

# plan KERNEL MODULES: the plan's lines for one kernel; MODULES is what modules.sh printed.
plan() {
	local f name
	for f in "$2"/mod/kunit/*.ko; do
		name=$(basename "$f" .ko)
		if [ -f "$f" ] && wanted "$name"; then
			plan_test kunit "$name" "$top/kunit/${name#axvm_test_}_test.c" "$1"
		fi
	done
	for f in "$top"/tools/tests/*.sh; do
		name=$(basename "$f" .sh)
		if [ -x "$f" ] && wanted "$name"; then
			plan_test test "$name" "$f" "$1"
		fi
	done
}

# plan_kernels: every kernel that a test names for this family, plain and debug first.
plan_kernels() {
	local f
	{
		printf '%s\n' plain debug
		for f in "$top"/tools/tests/*.sh "$top"/kunit/*_test.c; do
			needs "$f"
		done | awk -v arch="$arch" '{a = "x86_64,arm64"; k = ""
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^arch=/) a = substr($i, 6)
				if ($i ~ /^kernels=/) k = substr($i, 9)
			}
			if (index("," a ",", "," arch ",")) print k}' | tr ',' '\n'
	} | awk 'NF && !seen[$0]++'
}
