// SPDX-License-Identifier: GPL-2.0
/*
 * The DSDT of an axvm PC: how it is switched off, and the ISA devices that can't
 * be found by looking. The addresses are those of x86.h; there is no PCI.
 */
DefinitionBlock ("", "DSDT", 2, "AXVM", "AXVMPC", 1)
{
	/* PM1a_CNT.SLP_TYP for soft-off: the ACPI PM device stops the VM at 5 */
	Name (\_S5, Package (4) { 5, 5, 0, 0 })

	Scope (\_SB)
	{
		/* The 8259A pair with its ELCR */
		Device (PIC)
		{
			Name (_HID, EisaId ("PNP0000"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0020, 0x0020, 0, 2)
				IO (Decode16, 0x00A0, 0x00A0, 0, 2)
				IO (Decode16, 0x04D0, 0x04D0, 0, 2)
				IRQNoFlags () { 2 }
			})
		}

		/* The 8254 */
		Device (TIMR)
		{
			Name (_HID, EisaId ("PNP0100"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0040, 0x0040, 0, 4)
				IRQNoFlags () { 0 }
			})
		}

		/* Port 0x61 */
		Device (SPKR)
		{
			Name (_HID, EisaId ("PNP0800"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0061, 0x0061, 0, 1)
			})
		}

		/* The MC146818 with its alarm */
		Device (RTC)
		{
			Name (_HID, EisaId ("PNP0B00"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0070, 0x0070, 0, 2)
				IRQNoFlags () { 8 }
			})
		}

		/* The 16550A that is the console */
		Device (COM1)
		{
			Name (_HID, EisaId ("PNP0501"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x03F8, 0x03F8, 0, 8)
				IRQNoFlags () { 4 }
			})
		}

		/* Ports that belong to the board: PM block, reset control */
		Device (MBRD)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_CRS, ResourceTemplate ()
			{
				IO (Decode16, 0x0600, 0x0600, 0, 0x10)
				IO (Decode16, 0x0CF9, 0x0CF9, 0, 1)
			})
		}
	}
}
