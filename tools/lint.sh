#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lint.sh [NAME...]: what tools say about the sources without running them, a line a tool; a finding is a failure, silence
# a pass. NAMEs: shellcheck build (W=1, sparse) checkpatch kernel-doc spdx. What a compiler says, it says for each family,
# or for ARCH's.
#
# Called alone it sums up and its status is the verdict; called by check.sh its lines are counted there.
set -euo pipefail
. "$(dirname "$0")/bed/lib/common.sh"
. "$bed/lib/apt.sh"
. "$bed/lib/linux-source.sh"
. "$bed/lib/results.sh"
cd "$top"

work=$(mktemp -d "${TMPDIR:-/tmp}/axvm-lint.XXXXXX")
trap 'rm -rf "$work"' EXIT
alone=''
if [ -z "${results:-}" ]; then
	alone=yes results=$work/results
	: >"$results"
fi

# sources PATTERN...: the project's files, in git or about to be.
sources() { git ls-files -co --exclude-standard -- "$@" | while IFS= read -r f; do [ ! -f "$f" ] || echo "$f"; done; }

scripts() {
	sources | while IFS= read -r f; do
		if head -n 1 "$f" | grep -qaE '^#!.*\<(ba|da)?sh\>|^# shellcheck shell='; then echo "$f"; fi
	done
}

lint_shellcheck() {
	scripts | xargs -r -d '\n' shellcheck -a
}

# The compiler's own opinion, and sparse's, of the module for $family: one build, in a mirror of its own. What is no finding of
# theirs is cut.
lint_build() {
	local log=$work/build.log
	ARCH=$family AXVM_BUILD=lint "$bed/modules.sh" plain -k W=1 KCFLAGS=-Werror C=1 CHECK='sparse -Wsparse-error' >/dev/null 2>"$log" &&
		return
	grep -v '^\[bed\] .*\.\.\.\|^\[bed\] .*: done in' "$log"
	return 1
}

# checkpatch knows the kernel's own tree. What it cannot know of ours: core/compat.h is where kernel versions are told apart;
# userspace, and the header it shares with us, has no BIT() and no __printf(); the names that the kernel's headers give are
# not ours to choose. TRACE_EVENT has a layout of its own; the labels of asm goto (%l[fail]) look like a remainder. On arm64
# a register is part of the instruction, so rows of registers are taken apart by macros; a guest's WFE is what yield() is for.
# Minutes of Perl: files in which nothing was found once are not read again.
lint_checkpatch() {
	local linux clean name userspace_has_not
	# Programs of the tests: the kernel's helpers are not there, and tables of guest code are made by macros
	userspace_has_not='ARRAY_SIZE|STRCPY|VOLATILE|MACRO_ARG_[A-Z]*|MULTISTATEMENT_MACRO_USE_DO_WHILE|LONG_LINE[A-Z_]*|COMPLEX_MACRO|PARENTHESIS_ALIGNMENT'
	linux=$(linux_source)
	clean=$cache/checkpatch-$(key "$linux/scripts/checkpatch.pl" "$top/tools/lint.sh")
	touch "$clean"
	sources '*.c' '*.h' '*.S' | xargs -r -d '\n' sha256sum | { grep -vxFf "$clean" || true; } >"$work/unchecked"
	# (123: it found something, of which more below)
	cut -c 67- "$work/unchecked" | xargs -r -d '\n' -n 16 -P "$jobs" "$linux/scripts/checkpatch.pl" --no-tree --strict --terse \
		--quiet --no-summary --show-types -f >"$work/said" 2>&1 || [ $? -eq 123 ] || { cat "$work/said"; return 1; }
	grep -vE '^core/compat\.h:.*:LINUX_VERSION_CODE:|^(uapi|tools)/.*:(BIT_MACRO|PREFER_DEFINED_ATTRIBUTE_MACRO):' "$work/said" |
		grep -vE '^core/compat\.h:.*:(CONSTANT_COMPARISON|MACRO_ARG_UNUSED):|^vmx/insn\.h:.*:SPACING:' |
		grep -vE '^core/trace\.h:.*:(PARENTHESIS_ALIGNMENT|OPEN_ENDED_LINE|SPACING):' |
		grep -vE '^arm64/(context|debug|gic_hw|nvhe_switch|sysreg|vhe)\.[ch]:.*:(MACRO_ARG_(UNUSED|REUSE)|MACRO_WITH_FLOW_CONTROL|TRAILING_SEMICOLON|MULTISTATEMENT_MACRO_USE_DO_WHILE|COMPLEX_MACRO):' |
		grep -vE '^arm64/exits\.c:.*:YIELD:|^devices/access\.h:.*:MACRO_ARG_REUSE:' |
		grep -vE "^tools/(tests|bench|guests)/.*:($userspace_has_not):" |
		while IFS= read -r line; do
			name=$(sed -n 's/.*:CAMELCASE:.*<\(.*\)>.*/\1/p' <<<"$line")
			[ -n "$name" ] && grep -rqw "$name" "$linux/include" "$linux"/arch/{x86,arm64}/include || echo "$line"
		done >"$work/findings" || true
	sed 's/:.*//' "$work/findings" | grep -vFf - "$work/unchecked" >>"$clean" || true
	cat "$work/findings"
}

lint_kernel-doc() {
	local linux
	linux=$(linux_source)
	{ sources '*.c' '*.h' '*.S' | xargs -r -d '\n' grep -lE '^[[:space:]]*/\*\*$' || true; } |
		xargs -r -d '\n' "$linux/scripts/kernel-doc" -none -Werror
}

lint_spdx() {
	sources '*.c' '*.h' '*.S' '*.sh' '*.py' '*Makefile' '*Kbuild' '*.config' '*.rst' '*.toml' '*.asl' |
		while IFS= read -r f; do
			head -n 3 "$f" | grep -q SPDX-License-Identifier || echo "$f: no SPDX-License-Identifier in its first three lines"
		done
}

# check LABEL NAME: one line.
check() {
	local started
	started=$(now)
	if "lint_$2" >"$work/$2" 2>&1 && [ ! -s "$work/$2" ]; then
		result pass "lint: $1" "$started"
	else
		result fail "lint: $1" "$started" "" "$work/$2"
	fi
}

# Before any check, as whatever one prints is a failure
install_packages shellcheck sparse python3 perl
[ $# -gt 0 ] || set -- spdx shellcheck build checkpatch kernel-doc
for name; do
	declare -F "lint_$name" >/dev/null || die "no such check: $name"
	case $name in
	build) for family in $(families); do check "W=1, sparse ($family)" "$name"; done ;;
	*) check "$name" "$name" ;;
	esac
done
[ -z "$alone" ] || results_summary
