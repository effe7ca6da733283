/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Configuration files: AxVisor's format and a table of axvm's own, as a front end of
 * the configuration model.
 */
#ifndef AXVM_TOOL_CONFIG_FILE_H
#define AXVM_TOOL_CONFIG_FILE_H

#include "config.h"
#include "toml.h"

/* Types of emulated devices, as AxVisor numbers them, that need a word of their own */
#define EMU_DUMMY		0x00
#define EMU_CONSOLE		0x02
#define EMU_IVC_CHANNEL		0x0a
#define EMU_GPPT_REDISTRIBUTOR	0x20
#define EMU_GPPT_ITS		0x22
#define EMU_OWN			0x100	/* from here on the numbers are axvm's */

/* config-file.c */
int config_file_read(struct vm_config *config, const char *path);
int config_file_parse(struct vm_config *config, const char *path, const char *text,
		      size_t length);

/* config-devices.c */
int config_take_emu_devices(struct vm_config *config, const struct toml_node *node);
int config_take_passthrough(struct vm_config *config, const struct toml_node *node,
			    enum passthrough_kind kind);
const char *config_emu_name(u32 emu_type);

/* config-ivc.c */
int config_take_ivc_allow(struct vm_config *config, const struct toml_node *node);

/* config-vfio.c */
int config_take_vfio(struct vm_config *config, const struct toml_node *node);

/* config-support.c */
extern const char *const config_passthrough_keys[];

#endif /* AXVM_TOOL_CONFIG_FILE_H */
