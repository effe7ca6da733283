# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# One boot of the bed with a list of tests: starts it, reads the frames that guest/runner.sh prints, reports each test, and
# boots again for the rest when a test took the machine with it. Sourced after common.sh and results.sh.

# count_cases FILE: "passed failed skipped" of the cases in a suite's KTAP, which are indented by four.
count_cases() {
	awk '/^    ok .*# SKIP/ {s++; next} /^    ok / {p++; next} /^    not ok / {f++; next} /^not ok / {n++}
		END {if (n && !f) f = 1; printf "%d %d %d\n", p, f, s}' "$1"
}

# report KIND NAME STATUS STARTED FRAME: what came out of one test; its status, with what its frame adds, stays in $verdict.
report() {
	local kind=$1 started=$4 frame=$5 p f s label="$2 ($boot_label)"
	verdict=$3
	if [ "$kind" = kunit ]; then
		sed -i 's/^\[ *[0-9.]*\] //' "$frame"
		! grep -qEf "$bed/guest/splats.txt" "$frame" || verdict=126
	fi
	if [ "$kind" = kunit ] && [ "$verdict" -eq 0 ]; then
		read -r p f s < <(count_cases "$frame")
		if [ $((p + f + s)) -eq 0 ]; then
			result fail "$label" "$started" "no test case ran" "$frame"
		elif [ "$f" -gt 0 ]; then
			grep -B 12 -E '^ *not ok' "$frame" >"$frame.failed"
			PASSED=$p FAILED=$f SKIPPED=$s result fail "$label" "$started" "$f of $((p + f + s)) cases" "$frame.failed"
		else
			PASSED=$p FAILED=0 SKIPPED=$s result pass "$label" "$started" "$((p + s)) cases${s:+$([ "$s" -eq 0 ] || echo ", $s skipped")}"
		fi
		return
	fi
	case $verdict in
	0) result pass "$label" "$started" ;;
	4) result skip "$label" "$started" "$(tail -n 1 "$frame")" ;;
	124) result fail "$label" "$started" "no end in time" "$frame" ;;
	126) result fail "$label" "$started" "the kernel complained" "$frame" ;;
	*) result fail "$label" "$started" "status $verdict" "$frame" ;;
	esac
}

# read_frames SECONDS-OF-A-TEST... from stdin: report the tests; leaves the one that did not end in $current, how many
# ended in $ended, whether one of them made the kernel complain in $splat.
read_frames() {
	local line kind deadline=$((SECONDS + 300)) started='' frame=$work/frame.$BASHPID rc
	current='' ended=0 splat='' late=''
	while :; do
		rc=0
		IFS= read -r -t $((deadline > SECONDS ? deadline - SECONDS : 1)) line || rc=$?
		if [ "$rc" -gt 128 ]; then
			if [ -z "$late" ]; then
				late=yes deadline=$((SECONDS + 30))
				kill -USR1 "$runner" 2>/dev/null || true
				continue
			fi
			break
		elif [ "$rc" -ne 0 ]; then
			break
		fi
		case $line in
		'@@begin '*)
			read -r _ kind current <<<"$line"
			started=$(now)
			deadline=$((SECONDS + 60 + 3 * $(awk -v n="$current" '$2 == n {print $3}' "$list")))
			: >"$frame"
			;;
		*'@@end '[0-9]*)
			# The test's last line may have had no end.
			[ -z "${line%@@end *}" ] || printf '%s\n' "${line%@@end *}" >>"$frame"
			report "$kind" "$current" "${line##*@@end }" "$started" "$frame"
			[ "$verdict" != 126 ] || splat=yes
			ended=$((ended + 1)) current='' deadline=$((SECONDS + 120))
			;;
		*) [ -z "$current" ] || printf '%s\n' "$line" >>"$frame" ;;
		esac
	done
	if [ -n "$current" ]; then
		current_started=$started
	fi
}

# boot NEEDS MEM GUEST LIST: run the tests of the file LIST in a machine that has NEEDS (the plan's first column). Runs in
# a process of its own, and takes its machine with it.
boot() {
	local arch kernel cpus kvm model parallel vfio append kmemleak word mem=$2 guest=$3 list=$4 err status=0 fifo options started
	local current ended splat late current_started verdict
	for word in $1; do local "${word?}"; done
	set_arch "$arch"
	boot_label="$arch $kernel, cpus=$cpus$([ "$kvm" = 0 ] || echo ", kvm")$([ "$model" = - ] || echo ", $model")$([ "$parallel" = 0 ] || echo ", parallel")$([ "$vfio" = 0 ] || echo ", vfio")${append:+, $append}$([ "$kmemleak" = 0 ] || echo ", kmemleak")"
	append=${append//,/ }
	[ "$kernel" != debug ] || [ "$kmemleak" = 1 ] || append+=" kmemleak=off"
	[ "$kmemleak" = 0 ] || export BED_KMEMLEAK=1
	options=(${BED:+--bed "$BED"} -k "$kernel" -c "$cpus" -m "$mem" -a "$append" -f "$list:bed/tests")
	options+=(-t "$(awk '{s += 60 + 3 * $3} END {print s + 300}' "$list")")
	[ "$kvm" = 0 ] || options+=(--kvm)
	[ "$parallel" = 0 ] || options+=(--parallel)
	[ "$vfio" = 0 ] || options+=(--vfio)
	[ "$model" = - ] || options+=(--model "$model")
	[ "$guest" = 0 ] || options+=(-g)
	[ "$guest" != 2 ] || options+=(-f "$("$bed/kernel.sh" debian-6.12)/bed/$arch_image:guest/debian")
	err=$list.err fifo=$list.fifo runner=''
	trap '[ -z "$runner" ] || kill "$runner" 2>/dev/null' EXIT
	trap 'exit 143' TERM HUP PIPE
	while [ -s "$list" ]; do
		started=$(now) status=0
		rm -f "$fifo" && mkfifo "$fifo"
		"$bed/run.sh" "${options[@]}" -- sh /bed/runner.sh >"$fifo" 2>"$err" &
		runner=$!
		read_frames <"$fifo"
		wait "$runner" || status=$?
		runner=''
		if [ -n "$current" ]; then
			{ tail -n 20 "$work/frame.$BASHPID"; cat "$err"; } >"$err.all"
			result fail "$current ($boot_label)" "$current_started" \
				"$(case $status in 124) echo "the machine hung" ;; *) echo "the machine died" ;; esac)" "$err.all"
			ended=$((ended + 1))
		elif [ "$status" -eq 126 ] && [ -z "$splat" ]; then
			result fail "boot ($boot_label)" "$started" "the kernel complained" "$err"
		elif [ "$status" -ne 0 ] && [ "$status" -ne 126 ] || [ "$ended" -eq 0 ]; then
			FAILED=$(wc -l <"$list") result fail "boot ($boot_label)" "$started" "status $status" "$err"
			return
		fi
		sed -i "1,${ended}d" "$list"
	done
}
