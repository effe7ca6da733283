# shellcheck shell=bash disable=SC2034,SC2154  # variables shared with the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# Somebody at the other end of the machine's second UART, which is there to be passed to guests. He gives back what comes, in
# capitals: so it is neither an echo nor a loop. Sourced by run.sh.
#
# A machine that sends nothing there is as exact as without him. What he says comes when it comes.

# Understood by a shell and by socat
peer_answers="sed -u y/abcdefghijklmnopqrstuvwxyz/ABCDEFGHIJKLMNOPQRSTUVWXYZ/"

# start_peer COMMAND...: what connects the two, in the background, as $peer. It ends by itself when the machine hangs up.
start_peer() {
	"${mortal[@]}" "$@" </dev/null >/dev/null 2>&1 {hold}>&- &
	peer=$!
}
