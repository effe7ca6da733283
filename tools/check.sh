#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check.sh [--soak]: everything that can be checked, a line a test, "N passed, N failed, N skipped" at the end; true when
# something ran and nothing failed. What there is, it finds by itself: lint, host tests (tools/tests/host/*.sh, run here),
# KUnit suites and integration tests (lib/plan.sh), in as few boots as their needs allow, two at a time.
#
#   T=NAME      that one suite or test alone, on the plain kernel if it runs there
#   K=NAME,...  these kernels only
#   ARCH=NAME   x86_64 or arm64 only: this machine can test itself, and an x86 machine arm64 too
#   BED=vng     virtme-ng instead of Bochs
#   --soak      longer: AXVM_SOAK=1 in the tests' environment, ten times the bounds
set -euo pipefail
. "$(dirname "$0")/bed/lib/common.sh"
. "$bed/lib/apt.sh"
. "$bed/lib/results.sh"
. "$bed/lib/plan.sh"
. "$bed/lib/boot.sh"

for word; do
	case $word in
	--soak) export AXVM_SOAK=1 ;;
	*) die "usage: tools/check.sh [--soak]   (T=NAME K=KERNEL,... ARCH=x86_64|arm64 BED=vng in the environment)" ;;
	esac
done
case ${BED:=} in
'') ;;
vng) command -v vng >/dev/null || die "BED=vng: no virtme-ng here (package virtme-ng in Debian 13 or later)" ;;
*) die "BED=$BED: there is vng, besides the usual one" ;;
esac
families=$(families)
[ "$BED" != vng ] || families=$arch

work=$(mktemp -d "${TMPDIR:-/tmp}/axvm-check.XXXXXX")
export results=$work/results
: >"$results"
children=()
clean() {
	local p
	for p in "${children[@]}"; do kill "$p" 2>/dev/null || true; done
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT TERM HUP
begin=$SECONDS

# host_tests MODULES: with the programs of this machine's family. The launcher with sanitizers, for both families, is built
# once for all.
host_tests() {
	local f name started status
	install_packages build-essential acpica-tools libtomlplusplus-dev libfdt-dev device-tree-compiler
	for f in "$top"/tools/tests/host/*.sh; do
		name=$(basename "$f" .sh)
		{ [ -x "$f" ] && wanted "$name"; } || continue
		started=$(now) status=0
		AXVM=$1/bin/axvm AXVM_TOP=$top LAUNCHER_OUT=$work/launcher timeout -k 5 "${AXVM_SOAK:+1}400" "$f" >"$work/host.$name" 2>&1 </dev/null || status=$?
		boot_label=host report test "$name" "$status" "$started" "$work/host.$name"
	done
}

# fetch_ahead: Debian's kernels, which cost no core but the network; what goes wrong is told when they are asked for.
fetch_ahead() {
	local kernel
	for kernel in $(plan_kernels); do
		case $kernel in debian-*) "$bed/kernel.sh" "$kernel" ;; esac
	done >/dev/null 2>&1
}

# prepare: build what one family's tests need, every kernel that is asked for and the modules for each, and add to the plan.
# What does not build is a failure of its own.
prepare() {
	local kernels kernel started built
	kernels=$(plan_kernels)
	[ -z "${K:-}" ] || kernels=${K//,/ }
	for kernel in $kernels; do
		# One test alone: the first kernel that it runs on; a host test needs the programs only.
		[ -z "${T:-}" ] || [ -n "${K:-}" ] || { ! grep -q "^arch=$arch " "$work/plan" &&
			{ [ -z "$host_built" ] || [ ! -x "$top/tools/tests/host/$T.sh" ]; }; } || break
		started=$(now)
		if built=$("$bed/modules.sh" "$kernel" 2> >(tee "$work/build.err" >&2)); then
			[ "$arch" != "$host_arch" ] || [ -n "$host_built" ] || host_built=$built
			plan "$kernel" "$built" >>"$work/plan"
		else
			result fail "build ($arch $kernel)" "$started" "" "$work/build.err"
		fi
		if [ "$kernel${T:-}${K:-}" = plain ]; then
			fetch_ahead &
			children+=($!)
		fi
	done
	[ "$arch_machine" != bochs ] || [ "$BED" = vng ] || "$bed/bochs.sh" >/dev/null || exit 1
	if grep "^arch=$arch " "$work/plan" | cut -f 2 | grep -q ' [12]$'; then "$bed/guest.sh" >/dev/null || exit 1; fi
}
mkdir "$work/boots"
: >"$work/plan"
host_built=''
for family in $families; do
	set_arch "$family"
	prepare
done

# A slot is a process; at most two at a time.
start() {
	while [ "$(jobs -pr | wc -l)" -ge "${JOBS:-2}" ]; do wait -n || true; done
	"$@" &
	children+=($!)
}
# Lint first: it is long, and what comes last should be short.
if [ -z "${T:-}" ] && [ -z "${K:-}" ]; then ARCH=$asked_arch start "$top/tools/lint.sh"; fi

# The boots: tests with equal needs together, with the most memory that one of them wants. Those that take longest first.
n=0
if [ -s "$work/plan" ]; then
	while IFS= read -r needs; do
		n=$((n + 1))
		grep -F -- "$needs"$'\t' "$work/plan" >"$work/lines"
		cut -f 3 "$work/lines" | awk '!seen[$0]++' >"$work/boots/$n"
		printf '%s\t%s\n' "$needs" "$(cut -f 2 "$work/lines" |
			awk '{if ($1 > m) m = $1; if ($2 > g) g = $2} END {print m, g}')" >"$work/boots/$n.needs"
	done < <(awk -F '\t' '{n[$1] += ($1 ~ / kernel=debug / ? 5 : 1) * ($3 ~ /^kunit/ ? 1 : 5)}
		END {for (k in n) print n[k] "\t" k}' "$work/plan" | sort -k1,1rn -k2 | cut -f 2-)
fi

for ((i = 1; i <= n; i++)); do
	IFS=$'\t' read -r needs rest <"$work/boots/$i.needs"
	start boot "$needs" "${rest% *}" "${rest#* }" "$work/boots/$i"
done
[ -z "$host_built" ] || start host_tests "$host_built"
wait

say "took $((SECONDS - begin)) s"
[ -s "$results" ] || { [ -z "${T:-}" ] || say "no suite and no test has the name $T"; }
results_summary
