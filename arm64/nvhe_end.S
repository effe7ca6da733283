/* SPDX-License-Identifier: GPL-2.0 */
/* The end of the code that runs at EL2 of a host at EL1: linked last of its section (Kbuild). */
#include <linux/linkage.h>

	.section .axvm.hyp.text, "ax"
	.globl	arm64_hyp_end
arm64_hyp_end:
