// SPDX-License-Identifier: Apache-2.0
// Writes the commented sample file from a table of settings.
#include "base/settings.h"
#include "settings_inside.h"

// Rows of one section need not stand together in the table, but they must in the file.
struct sample {
	const struct setting *table;
	size_t n;
	struct buf *out;
};

static struct str name_of(const struct sample *s, size_t i) { return str_of(s->table[i].name); }

// The part of `name` behind `prefix` up to its next dot; `is_leaf_r`: there is no dot.
static struct str next_part(struct str name, struct str prefix, bool *is_leaf_r)
{
	struct str rest = {name.p + prefix.n, name.n - prefix.n}, part = STR("");
	*is_leaf_r = str_find(rest, '.') < 0;
	if (!str_cut(&rest, '.', &part)) *is_leaf_r = true;
	return part;
}

static void indent(struct sample *s, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_add(s->out, STR("  "));
}

// A blank line before whatever stands at the left margin.
static void set_apart(struct sample *s, int depth)
{
	if (!depth && s->out->n) buf_add_char(s->out, '\n');
}

static void write_text(struct buf *out, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	buf_add_char(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\') buf_add_char(out, '\\');
		if (c < ' ')
			buf_add_bytes(out, (char[]){'\\', 'x', digits[c >> 4], digits[c & 15]}, 4);
		else
			buf_add_char(out, *text);
	}
	buf_add_char(out, '"');
}

static void write_row(struct sample *s, const struct setting *row, struct str key, int depth)
{
	bool is_text = row->type == SETTING_STRING || row->type == SETTING_SECRET;
	indent(s, depth);
	buf_printf(s->out, "# %s", row->help ? row->help : "");
	if (!is_text) {
		buf_add(s->out, STR(" ("));
		settings_expected(s->out, row);
		buf_add_char(s->out, ')');
	}
	buf_add_char(s->out, '\n');
	indent(s, depth);
	if (!row->standard) {
		buf_printf(s->out, "# %.*s:   must be given\n", STR_ARG(key));
		return;
	}
	buf_printf(s->out, "%.*s: ", STR_ARG(key));
	if (is_text)
		write_text(s->out, row->standard);
	else
		buf_add(s->out, str_of(row->standard));
	buf_add_char(s->out, '\n');
}

// Whether a row before i lies under the same prefix.
static bool is_written(const struct sample *s, size_t i, struct str prefix)
{
	for (size_t j = 0; j < i; j++)
		if (str_starts(name_of(s, j), prefix)) return true;
	return false;
}

static bool has_defaults(const struct sample *s, struct str prefix)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_starts(name_of(s, i), prefix) && s->table[i].standard) return true;
	return false;
}

// All rows under `prefix`, which is empty or ends with a dot. Recursion is as deep as a name has dots.
static void write_section(struct sample *s, struct str prefix, int depth)
{
	for (size_t i = 0; i < s->n; i++) {
		struct str name = name_of(s, i);
		if (!str_starts(name, prefix)) continue;
		bool is_leaf;
		struct str part = next_part(name, prefix, &is_leaf);
		if (is_leaf) {
			set_apart(s, depth);
			write_row(s, &s->table[i], part, depth);
			continue;
		}
		struct str section = {name.p, prefix.n + part.n + 1};
		if (is_written(s, i, section)) continue;
		set_apart(s, depth);
		indent(s, depth);
		// A section of nothing but comments would be null.
		buf_printf(s->out, "%s%.*s:\n", has_defaults(s, section) ? "" : "# ", STR_ARG(part));
		write_section(s, section, depth + 1);
	}
}

void settings_sample(const struct setting *table, size_t n, struct buf *yaml)
{
	struct sample s = {table, n, yaml};
	write_section(&s, STR(""), 0);
}
