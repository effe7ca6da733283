// SPDX-License-Identifier: GPL-2.0
/*
 * TOML by the library toml++: its document becomes a plain tree of C (toml.h). Nothing
 * is known here about configurations.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

/*
 * Version 3.3 asserts that a value follows a bracket, before it finds out and reports that
 * it does not: "a = [}" would end the launcher. Without asserts it is an error with a line.
 */
#define NDEBUG
#define TOML_EXCEPTIONS		0
#define TOML_ENABLE_FORMATTERS	0
#include <toml++/toml.h>

#include "toml.h"

/* Deeper than any configuration; what is deeper would only cost stack */
#define MAX_DEPTH	8

namespace {

/* Return: nullptr; so a caller can end with it */
struct toml_node *give_up(struct toml_error *error, u32 line, const char *text)
{
	error->line = line;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return nullptr;
}

/* A copy, or nullptr: no control characters, so that no message and no table is torn */
char *copy_text(std::string_view text)
{
	for (unsigned char c : text)
		if (c < ' ' || c == 127)
			return nullptr;
	return strndup(text.data(), text.size());
}

struct toml_node *convert(const toml::node &from, u32 line, unsigned int depth,
			  struct toml_error *error);

/* Puts @child into @parent in the order of the file: the library sorts tables by name */
void insert(struct toml_node *parent, struct toml_node *child)
{
	struct toml_node **at = &parent->first;

	while (*at && (*at)->line <= child->line)
		at = &(*at)->next;
	child->next = *at;
	*at = child;
	parent->count++;
}

bool fill_table(struct toml_node *node, const toml::table &table, unsigned int depth,
		struct toml_error *error)
{
	for (auto &&[key, value] : table) {
		u32 line = key.source().begin.line;
		struct toml_node *child = convert(value, line, depth + 1, error);

		if (!child)
			return false;
		insert(node, child);
		child->key = copy_text(key.str());
		if (!child->key)
			return give_up(error, line, "a key with a control character");
	}
	return true;
}

bool fill_array(struct toml_node *node, const toml::array &array, unsigned int depth,
		struct toml_error *error)
{
	struct toml_node **at = &node->first;

	for (auto &&value : array) {
		*at = convert(value, value.source().begin.line, depth + 1, error);
		if (!*at)
			return false;
		at = &(*at)->next;
		node->count++;
	}
	return true;
}

bool fill(struct toml_node *node, const toml::node &from, unsigned int depth,
	  struct toml_error *error)
{
	switch (from.type()) {
	case toml::node_type::table:
		node->type = TOML_TABLE;
		return fill_table(node, *from.as_table(), depth, error);
	case toml::node_type::array:
		node->type = TOML_ARRAY;
		return fill_array(node, *from.as_array(), depth, error);
	case toml::node_type::string:
		node->type = TOML_STRING;
		node->text = copy_text(from.as_string()->get());
		return node->text ||
		       give_up(error, node->line, "a string with a control character");
	case toml::node_type::integer:
		node->type = TOML_INTEGER;
		node->number = from.as_integer()->get();
		return true;
	case toml::node_type::boolean:
		node->type = TOML_BOOLEAN;
		node->number = from.as_boolean()->get();
		return true;
	default:
		node->type = TOML_OTHER;
		return true;
	}
}

/* A node and all below it, or nullptr */
struct toml_node *convert(const toml::node &from, u32 line, unsigned int depth,
			  struct toml_error *error)
{
	struct toml_node *node;

	if (depth > MAX_DEPTH)
		return give_up(error, line, "tables and arrays are nested too deep");
	node = static_cast<struct toml_node *>(calloc(1, sizeof(*node)));
	if (!node)
		return give_up(error, line, "no memory");
	node->line = line;
	if (fill(node, from, depth, error))
		return node;
	toml_free(node);
	return nullptr;
}

} /* namespace */

/**
 * toml_read() - make a tree of a document
 * @text: the document
 * @length: its bytes
 * @error: filled in if it is none
 *
 * Return: the root, a table, to be given to toml_free(); or NULL.
 */
struct toml_node *toml_read(const char *text, size_t length, struct toml_error *error)
{
	toml::parse_result result = toml::parse(std::string_view(text, length));

	if (!result)
		return give_up(error, result.error().source().begin.line,
			       std::string(result.error().description()).c_str());
	return convert(result.table(), 1, 0, error);
}

/**
 * toml_free() - free a tree
 * @node: its root, or NULL
 */
void toml_free(struct toml_node *node)
{
	struct toml_node *child, *next;

	if (!node)
		return;
	for (child = node->first; child; child = next) {
		next = child->next;
		toml_free(child);
	}
	free(node->key);
	free(node->text);
	free(node);
}
