// SPDX-License-Identifier: GPL-2.0
/*
 * CPUID policy: a guest sees what is really given to it. Each leaf is the host's,
 * cut by an allow-list, plus what axvm emulates (x2APIC, TSC deadline, hypervisor).
 *
 * Owns: the leaves as they are for every guest, computed once at module load, since
 * CPUID itself exits where the host is a guest. What depends on the vCPU is put in
 * at each query: APIC id, topology, OSXSAVE, the XSAVE size for the guest's XCR0.
 */
#include <linux/bitfield.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/tsc.h>

#include "cpuid.h"
#include "x86.h"

#define MAX_BASIC	0x16
#define MAX_EXTENDED	0x80000008
#define HYPERVISOR	0x40000000
#define NR_CACHES	4
#define NR_XCOMP	10

static struct x86_cpuid basic[MAX_BASIC + 1];
static struct x86_cpuid extended[9];
static struct x86_cpuid caches[NR_CACHES];
static struct x86_cpuid xcomp[NR_XCOMP];
static u64 guest_xfeatures;

#define F(name)	BIT(X86_FEATURE_##name & 31)

/* Leaf 1: no MONITOR, VMX, SMX, thermal, debug store, machine check */
#define L1_ECX	(F(XMM3) | F(PCLMULQDQ) | F(SSSE3) | F(FMA) | F(CX16) | F(PCID) | F(XMM4_1) | \
		 F(XMM4_2) | F(MOVBE) | F(POPCNT) | F(AES) | F(XSAVE) | F(AVX) | F(F16C) | \
		 F(RDRAND))
#define L1_EDX	(F(FPU) | F(VME) | F(DE) | F(PSE) | F(TSC) | F(MSR) | F(PAE) | F(CX8) | \
		 F(SEP) | F(MTRR) | F(PGE) | F(CMOV) | F(PAT) | F(PSE36) | F(CLFLUSH) | \
		 F(MMX) | F(FXSR) | F(XMM) | F(XMM2))
/* Emulated whatever the host has */
#define L1_ECX_OURS	(F(X2APIC) | F(TSC_DEADLINE_TIMER) | F(HYPERVISOR))
#define L1_EDX_OURS	F(APIC)

#define L7_EBX	(F(FSGSBASE) | F(BMI1) | F(AVX2) | F(SMEP) | F(BMI2) | F(ERMS) | F(RDSEED) | \
		 F(ADX) | F(SMAP) | F(CLFLUSHOPT) | F(CLWB) | F(AVX512F) | F(AVX512DQ) | \
		 F(AVX512IFMA) | F(AVX512CD) | F(SHA_NI) | F(AVX512BW) | F(AVX512VL))
#define L7_ECX	(F(AVX512VBMI) | F(UMIP) | F(AVX512_VBMI2) | F(GFNI) | F(VAES) | \
		 F(VPCLMULQDQ) | F(AVX512_VNNI) | F(AVX512_BITALG) | F(AVX512_VPOPCNTDQ))
#define L7_EDX	(F(FSRM) | F(MD_CLEAR))
/* No XSAVES: IA32_XSS stays the host's */
#define LD1_EAX	(F(XSAVEOPT) | F(XSAVEC) | F(XGETBV1))
#define LX1_ECX	(F(LAHF_LM) | F(ABM) | F(3DNOWPREFETCH))
#define LX1_EDX	(F(SYSCALL) | F(NX) | F(GBPAGES) | F(LM))
#define LX7_EDX	F(CONSTANT_TSC)		/* bit 8, invariant TSC */

static struct x86_cpuid host(u32 leaf, u32 subleaf)
{
	struct x86_cpuid c;

	cpuid_count(leaf, subleaf, &c.eax, &c.ebx, &c.ecx, &c.edx);
	return c;
}

/*
 * Leaf 0x15 tells TSC and APIC timer: a crystal of 1 GHz, which is how fast our APIC
 * timer counts, and TSC/crystal as a fraction. Linux multiplies crystal kHz by the
 * numerator in 32 bits, so that must stay below 4295.
 */
static void init_tsc_leaves(void)
{
	u64 best = ~0ULL;
	u32 den, num;

	for (den = 1; den <= 4000; den++) {
		u64 exact = (u64)tsc_khz * den, error;

		num = div_u64(exact + 500000, 1000000);
		if (!num || num > 4294)
			continue;
		error = div_u64(abs((s64)(exact - num * 1000000ULL)) * 1000000, den);
		if (error >= best)
			continue;
		best = error;
		basic[0x15] = (struct x86_cpuid){ .eax = den, .ebx = num, .ecx = 1000000000 };
	}
	basic[0x16].eax = tsc_khz / 1000;
	basic[0x16].ebx = tsc_khz / 1000;
}

static void init_basic(const struct x86_cpuid_limits *limits)
{
	u32 max = cpuid_eax(0);

	basic[0] = host(0, 0);
	basic[0].eax = MAX_BASIC;
	basic[1] = host(1, 0);
	basic[1].ebx &= 0x0000ffff;	/* brand index, CLFLUSH size; APIC id and count later */
	basic[1].ecx = (basic[1].ecx & L1_ECX) | L1_ECX_OURS;
	basic[1].edx = (basic[1].edx & L1_EDX) | L1_EDX_OURS;
	if (!limits->invpcid)
		basic[1].ecx &= ~F(PCID);
	basic[2] = host(2, 0);
	basic[6].eax = BIT(2);		/* ARAT: the APIC timer never stops */
	if (max >= 7) {
		basic[7] = host(7, 0);
		basic[7].eax = 0;
		basic[7].ebx = (basic[7].ebx & L7_EBX) |
			       (limits->invpcid ? basic[7].ebx & F(INVPCID) : 0);
		basic[7].ecx &= L7_ECX | (limits->rdtscp ? F(RDPID) : 0);
		basic[7].edx &= L7_EDX;
	}
	basic[7].ebx |= F(TSC_ADJUST);
	init_tsc_leaves();
}

static void init_extended(const struct x86_cpuid_limits *limits)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(extended); i++)
		extended[i] = host(0x80000000 + i, 0);
	extended[0] = (struct x86_cpuid){ .eax = MAX_EXTENDED };
	extended[1].eax = basic[1].eax;
	extended[1].ebx = 0;
	extended[1].ecx &= LX1_ECX;
	extended[1].edx &= LX1_EDX | (limits->rdtscp ? F(RDTSCP) : 0);
	extended[5] = (struct x86_cpuid){};
	/* What the kernel found not to be in step is nothing a guest could rely on. */
	extended[7] = (struct x86_cpuid){
		.edx = check_tsc_unstable() ? 0 : extended[7].edx & LX7_EDX,
	};
	/* physical and linear address bits; four-level paging */
	extended[8] = (struct x86_cpuid){ .eax = (extended[8].eax & 0xff) | 48 << 8 };
}

static void init_xsave(void)
{
	u32 i;

	xcomp[0].eax = guest_xfeatures;
	xcomp[0].edx = guest_xfeatures >> 32;
	xcomp[1].eax = host(0xd, 1).eax & LD1_EAX;
	for (i = 2; i < NR_XCOMP; i++)
		if (guest_xfeatures & BIT_ULL(i))
			xcomp[i] = host(0xd, i);
}

/**
 * x86_cpuid_init() - compute the leaves
 * @limits: what the backend can give
 *
 * Context: module load.
 */
void x86_cpuid_init(const struct x86_cpuid_limits *limits)
{
	u32 i;

	guest_xfeatures = limits->xfeatures;
	init_basic(limits);
	init_extended(limits);
	init_xsave();
	for (i = 0; i < NR_CACHES; i++) {
		caches[i] = host(4, i);
		if (!(caches[i].eax & 0x1f))
			break;
		/* shared by how many and cores: the topology is ours */
		caches[i].eax &= 0x3fff;
	}
}

/* --- per vCPU ------------------------------------------------------------------ */

/* vCPUs are cores of one package; APIC ids are their numbers */
static unsigned int core_bits(struct axvm_vcpu *vcpu)
{
	unsigned int nr = READ_ONCE(vcpu->vm->nr_vcpus);

	return nr > 1 ? order_base_2(nr) : 0;
}

static void leaf_1(struct axvm_vcpu *vcpu, struct x86_cpuid *out)
{
	unsigned int bits = core_bits(vcpu);

	out->ebx |= vcpu->id << 24 | (1 << bits) << 16;
	if (bits)
		out->edx |= F(HT);
	if (x86_get(vcpu, X86_CRS)->cr4 & X86_CR4_OSXSAVE)
		out->ecx |= F(OSXSAVE);
}

static void leaf_4(struct axvm_vcpu *vcpu, u32 subleaf, struct x86_cpuid *out)
{
	unsigned int cores = 1 << core_bits(vcpu);

	if (subleaf >= NR_CACHES || !(caches[subleaf].eax & 0x1f)) {
		*out = (struct x86_cpuid){};
		return;
	}
	*out = caches[subleaf];
	out->eax |= (cores - 1) << 26;
	/* the last level is the package's */
	if (((out->eax >> 5) & 7) >= 3)
		out->eax |= (cores - 1) << 14;
}

static void leaf_b(struct axvm_vcpu *vcpu, u32 subleaf, struct x86_cpuid *out)
{
	*out = (struct x86_cpuid){ .ecx = subleaf & 0xff, .edx = vcpu->id };
	if (subleaf == 0) {
		out->ebx = 1;
		out->ecx |= 1 << 8;	/* SMT */
	} else if (subleaf == 1) {
		out->eax = core_bits(vcpu);
		out->ebx = READ_ONCE(vcpu->vm->nr_vcpus);
		out->ecx |= 2 << 8;	/* core */
	}
}

static u32 xsave_size(u64 features)
{
	u32 size = 512 + 64, i;

	for (i = 2; i < NR_XCOMP; i++)
		if (features & BIT_ULL(i))
			size = max(size, xcomp[i].ebx + xcomp[i].eax);
	return size;
}

static u32 xsavec_size(u64 features)
{
	u32 size = 512 + 64, i;

	for (i = 2; i < NR_XCOMP; i++) {
		if (!(features & BIT_ULL(i)))
			continue;
		if (xcomp[i].ecx & 2)
			size = ALIGN(size, 64);
		size += xcomp[i].eax;
	}
	return size;
}

static void leaf_d(struct axvm_vcpu *vcpu, u32 subleaf, struct x86_cpuid *out)
{
	u64 xcr0 = vcpu->arch.state.regs.xcr0;

	*out = subleaf < NR_XCOMP ? xcomp[subleaf] : (struct x86_cpuid){};
	if (subleaf == 0) {
		out->ebx = xsave_size(xcr0);
		out->ecx = xsave_size(guest_xfeatures);
	} else if (subleaf == 1) {
		out->ebx = xsavec_size(xcr0);
	}
}

static void hypervisor_leaf(u32 leaf, struct x86_cpuid *out)
{
	*out = (struct x86_cpuid){};
	if (leaf != HYPERVISOR)
		return;
	out->eax = HYPERVISOR;
	memcpy(&out->ebx, "axvm", 4);
	memcpy(&out->ecx, "axvm", 4);
	memcpy(&out->edx, "axvm", 4);
}

/**
 * x86_cpuid_query() - what CPUID tells this vCPU
 * @vcpu: the vCPU; its own thread
 * @leaf: EAX
 * @subleaf: ECX
 * @out: EAX, EBX, ECX, EDX
 *
 * A leaf beyond the last one answers like the last basic one (SDM Vol. 2A CPUID).
 */
void x86_cpuid_query(struct axvm_vcpu *vcpu, u32 leaf, u32 subleaf, struct x86_cpuid *out)
{
	if (leaf >= 0x80000000 && leaf <= MAX_EXTENDED) {
		*out = extended[leaf - 0x80000000];
		return;
	}
	if (leaf >= HYPERVISOR && leaf < HYPERVISOR + 0x100) {
		hypervisor_leaf(leaf, out);
		return;
	}
	if (leaf > MAX_BASIC)
		leaf = MAX_BASIC;
	*out = basic[leaf];
	switch (leaf) {
	case 1:
		leaf_1(vcpu, out);
		break;
	case 4:
		leaf_4(vcpu, subleaf, out);
		break;
	case 7:
		if (subleaf)
			*out = (struct x86_cpuid){};
		break;
	case 0xb:
		leaf_b(vcpu, subleaf, out);
		break;
	case 0xd:
		leaf_d(vcpu, subleaf, out);
		break;
	}
}

/**
 * x86_cr4_allowed() - CR4 bits whose feature the guest has
 */
u64 x86_cr4_allowed(void)
{
	u64 allowed = X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE |
		      X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR |
		      X86_CR4_OSXMMEXCPT | X86_CR4_MCE;
	static const struct {
		u32 *word;
		u32 feature;
		u64 cr4;
	} rows[] = {
		{ &basic[1].ecx, F(XSAVE), X86_CR4_OSXSAVE },
		{ &basic[1].ecx, F(PCID), X86_CR4_PCIDE },
		{ &basic[7].ebx, F(FSGSBASE), X86_CR4_FSGSBASE },
		{ &basic[7].ebx, F(SMEP), X86_CR4_SMEP },
		{ &basic[7].ebx, F(SMAP), X86_CR4_SMAP },
		{ &basic[7].ecx, F(UMIP), X86_CR4_UMIP },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (*rows[i].word & rows[i].feature)
			allowed |= rows[i].cr4;
	return allowed;
}

/**
 * x86_xcr0_ok() - may XCR0 take this value? (SDM Vol. 1 13.3)
 * @value: the value
 */
bool x86_xcr0_ok(u64 value)
{
	const u64 avx512 = XFEATURE_MASK_AVX512;

	if (!(value & XFEATURE_MASK_FP) || value & ~guest_xfeatures)
		return false;
	if ((value & XFEATURE_MASK_YMM) && !(value & XFEATURE_MASK_SSE))
		return false;
	return !(value & avx512) || ((value & avx512) == avx512 && (value & XFEATURE_MASK_YMM));
}
