// SPDX-License-Identifier: Apache-2.0
// Names and sentences of the error codes.
#include "base/err.h"
#include "base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *err_name(int code)
{
	switch (code) {
#define X(name, value, text)                                                                                           \
	case value: return "E_" #name;
		ERR_CODES(X)
#undef X
	}
	return "E_?";
}

const char *err_text(int code)
{
	switch (code) {
#define X(name, value, text)                                                                                           \
	case value: return text;
		ERR_CODES(X)
#undef X
	}
	return "an error without a name";
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	if (!e) return code;
	// Not straight into e->text: it may be one of the arguments.
	char text[sizeof e->text + 4];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0) n = 0;
	if ((size_t)n >= sizeof text) n = sizeof text - 1;
	struct str cut = utf8_cut((struct str){text, (size_t)n}, sizeof e->text - 1);
	memcpy(e->text, cut.p, cut.n);
	e->text[cut.n] = 0;
	e->code = code;
	return code;
}
