/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A TOML document as a tree. Reading is a library's work (toml++), and all C++ there
 * is stays behind this header, in config-toml.cc.
 */
#ifndef AXVM_TOOL_TOML_H
#define AXVM_TOOL_TOML_H

#include "util.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of values; those that no configuration has are TOML_OTHER */
enum toml_type {
	TOML_TABLE,
	TOML_ARRAY,
	TOML_STRING,
	TOML_INTEGER,
	TOML_BOOLEAN,
	TOML_OTHER
};

/**
 * struct toml_node - a value, and all that is in it
 * @type: what it is
 * @line: where it is, from 1
 * @key: its name in a table, or NULL
 * @text: of a string, without control characters
 * @number: of an integer; of a boolean 0 or 1
 * @count: of a table or array: how many nodes are right in it
 * @first: the first of them
 * @next: its neighbour
 */
struct toml_node {
	enum toml_type type;
	u32 line;
	char *key;
	char *text;
	long long number;
	unsigned int count;
	struct toml_node *first;
	struct toml_node *next;
};

/**
 * struct toml_error - why there is no tree
 * @line: where, or 0
 * @text: what is wrong
 */
struct toml_error {
	u32 line;
	char text[256];
};

struct toml_node *toml_read(const char *text, size_t length, struct toml_error *error);
void toml_free(struct toml_node *node);

#ifdef __cplusplus
}
#endif

#endif /* AXVM_TOOL_TOML_H */
