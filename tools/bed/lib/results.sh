# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# Results of checks: one line each as they come, counted in the file $results, summed up at the end, where the failures
# ($results.failed) are shown once more: by then they are far up. Several processes may report at once. Sourced after common.sh.

now() { echo "${EPOCHREALTIME/[.,]/}"; }

# result pass|fail|skip NAME STARTED [REMARK] [FILE]: STARTED is now()'s answer at the start; of a failure FILE, what it
# printed, is shown. PASSED, FAILED, SKIPPED count more than one when the environment says so.
result() {
	local took=$((($(now) - $3) / 100000)) colour='' plain='' text
	if [ -t 1 ]; then
		plain=$'\e[0m'
		case $1 in pass) colour=$'\e[32m' ;; fail) colour=$'\e[31m' ;; *) colour=$'\e[33m' ;; esac
	fi
	printf -v text '%s%s%s  %-58s %4d.%d s%s' "$colour" "$1" "$plain" "$2" $((took / 10)) $((took % 10)) "${4:+  $4}"
	if [ "$1" = fail ] && [ -s "${5:-}" ]; then
		text+=$'\n'$(tail -n 60 "$5" | sed 's/^/        /')
	fi
	[ "$1" != fail ] || printf '%s\n' "$text" >>"$results.failed"
	printf '%s\n' "$text"
	case $1 in
	pass) echo "${PASSED:-1} ${FAILED:-0} ${SKIPPED:-0}" ;;
	fail) echo "${PASSED:-0} ${FAILED:-1} ${SKIPPED:-0}" ;;
	skip) echo "${PASSED:-0} ${FAILED:-0} ${SKIPPED:-1}" ;;
	esac >>"$results"
}

# results_summary: the failures, and the last line; true when something ran and nothing failed.
results_summary() {
	if [ -s "$results.failed" ]; then
		echo
		cat "$results.failed"
	fi
	awk '{p += $1; f += $2; s += $3} END {printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0}' "$results"
}
