# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What every script of the test bed shares: where the cache is, how to say something, how to stop with one clear line,
# how to run a long step with a clock, how to keep two runs from building the same thing. Sourced, never executed.
#
# The cache lives outside the checkout. Everything in it is a product in a directory named after a hash of what it was made
# from; a product is made under part/ and renamed into place when complete, so whatever has its final name is whole.

bed=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
top=$(cd "$bed/../.." && pwd)
cache=${AXVM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/axvm}
jobs=$(nproc)
export bed top cache jobs

# ARCH asks for a family. What a make above us says to its sub-makes is not for the makes that we start.
asked_arch=${ARCH:-}
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES ARCH CROSS_COMPILE

say() { printf '[bed] %s\n' "$*" >&2; }
die() { say "$*"; exit "${bed_status:-1}"; }

# What another try mends: no room, no network.
later() { say "$*"; exit "${bed_status:-75}"; }

case $cache in
"$top"/*) die "the cache ($cache) must be outside the checkout: set AXVM_CACHE" ;;
*[[:space:]]*) die "the path of the cache ($cache) holds a space: set AXVM_CACHE to one without" ;;
esac
mkdir -p "$cache"/{lock,log,part} 2>/dev/null || die "cannot write to the cache, $cache (AXVM_CACHE says where it is)"

# set_arch NAME: from here on this family is tested, also by the scripts that we start: lib/arch-NAME.sh says what is its own.
set_arch() {
	case $1 in x86 | amd64) arch=x86_64 ;; aarch64) arch=arm64 ;; *) arch=$1 ;; esac
	[ -f "$bed/lib/arch-$arch.sh" ] || die "ARCH=$1: there is a bed for x86_64 and one for arm64"
	# shellcheck source=tools/bed/lib/arch-arm64.sh
	. "$bed/lib/arch-$arch.sh"
	export bed_arch=$arch
}
case $(uname -m) in aarch64) host_arch=arm64 ;; *) host_arch=x86_64 ;; esac
set_arch "${asked_arch:-${bed_arch:-$host_arch}}"

# families: the one that ARCH asks for, or all whose bed this machine can run: its own, and on x86 also arm64.
families() {
	if [ -n "$asked_arch" ]; then echo "$arch"; elif [ "$host_arch" = x86_64 ]; then echo x86_64 arm64; else echo "$host_arch"; fi
}

# key STRING|FILE...: twelve hexadecimal digits that stand for these strings and for the content of these files.
key() {
	local a
	for a; do
		if [ -f "$a" ]; then cat "$a"; else printf '%s\n' "$a"; fi
	done | sha256sum | cut -c1-12
}

# lock NAME: from here to the end of this process, nobody else makes NAME.
lock_fds=()
lock() {
	local fd
	exec {fd}>"$cache/lock/$1"
	lock_fds+=("$fd")
	flock -n "$fd" && return
	say "waiting for another run that is making $1"
	flock "$fd"
}

# need_space MIB: stop early rather than with a half-written file.
need_space() {
	local free
	free=$(df -Pm "$cache" | awk 'NR==2 {print $4}')
	[ "$free" -ge "$1" ] || later "not enough room for the cache: $1 MiB wanted, $free MiB free at $cache"
}

# The clock of a step: on a terminal one line that is rewritten, elsewhere a line every half minute.
clock() {
	local label=$1 log=$2 lines=$3 parent=$4 start=$SECONDS every=30 s done="" fd
	# Its last sleep may outlive us by half a minute: it must not hold our locks.
	for fd in "${lock_fds[@]}"; do exec {fd}>&-; done
	[ -t 2 ] && every=1
	while sleep "$every" && kill -0 "$parent" 2>/dev/null; do
		s=$((SECONDS - start))
		[ "$lines" -gt 0 ] && done="$(($(wc -l <"$log") * 100 / lines))"
		[ -n "$done" ] && { [ "$done" -le 99 ] || done=99; }
		if [ -t 2 ]; then
			printf '\r\033[K[bed] %s ... %d s%s' "$label" "$s" "${done:+, $done%}" >&2
		else
			say "$label ... $s s${done:+, $done%}"
		fi
	done
}

# step LABEL EXPECTED LINES LOG COMMAND...: run a long command with a clock; EXPECTED is what a person is told, LINES how
# many lines its output has when complete (0: unknown). On failure one line names the cause, as far as the log tells.
step() {
	local label=$1 expected=$2 lines=$3 log=$4 ticker rc=0 start=$SECONDS
	shift 4
	say "$label ...${expected:+ ($expected)}"
	: >"$log"
	clock "$label" "$log" "$lines" $$ &
	ticker=$!
	"$@" >"$log" 2>&1 </dev/null || rc=$?
	kill "$ticker" 2>/dev/null
	wait "$ticker" 2>/dev/null || true
	[ -t 2 ] && printf '\r\033[K' >&2
	if [ "$rc" -eq 0 ]; then
		say "$label: done in $((SECONDS - start)) s"
		return 0
	fi
	tail -n 5 "$log" | sed 's/^/      /' >&2
	# (A log on a full disk may not say so.)
	if grep -q 'No space left on device' "$log" || [ "$(df -Pm "$cache" | awk 'NR == 2 {print $4}')" -lt 16 ]; then
		later "$label failed: the disk that holds $cache is full; make room and run this again (log: $log)"
	elif grep -qE 'Could not resolve|Could not connect|Temporary failure resolving|Unable to connect' "$log"; then
		later "$label failed: no network; run this again when there is one (log: $log)"
	fi
	die "$label failed with status $rc (log: $log)"
}
