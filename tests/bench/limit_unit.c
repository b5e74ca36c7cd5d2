// SPDX-License-Identifier: Apache-2.0
// The rows of one batch, sorted by statement as they come.
#include "limit.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS (4u << 20)

uint16_t unit_add(struct unit *u, int stmt, const struct db_value *row)
{
	size_t n_cols = u->rows[stmt].n_cols = strlen(STATEMENTS[stmt].params);
	if (u->rows[stmt].n == u->rows[stmt].cap) {
		size_t cap = u->rows[stmt].cap = u->rows[stmt].cap ? 2 * u->rows[stmt].cap : 256;
		u->rows[stmt].values = realloc(u->rows[stmt].values, cap * n_cols * sizeof *row);
		if (!u->rows[stmt].values) die("no memory");
	}
	memcpy(u->rows[stmt].values + u->rows[stmt].n * n_cols, row, n_cols * sizeof *row);
	return (uint16_t)u->rows[stmt].n++;
}

void unit_clear(struct unit *u)
{
	for (size_t i = 0; i < N_STATEMENTS; i++)
		u->rows[i].n = 0;
	u->n_texts = 0;
}

struct str unit_text(struct unit *u, const char *format, ...)
{
	if (!u->texts) u->texts = malloc(u->cap_texts = TEXTS);
	char *at = u->texts + u->n_texts;
	size_t left = u->cap_texts - u->n_texts;
	va_list ap;
	va_start(ap, format);
	int n = u->texts ? vsnprintf(at, left, format, ap) : -1;
	va_end(ap);
	if (n < 0 || (size_t)n >= left) die("the texts of one batch are too long");
	u->n_texts += (size_t)n + 1;
	return (struct str){at, (size_t)n};
}

size_t unit_n_log(const struct unit *u) { return u->rows[STMT_EVENT_ADD].n; }
