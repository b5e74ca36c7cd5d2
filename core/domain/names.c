// SPDX-License-Identifier: Apache-2.0
// Looks up the names of enums and their numbers.
#include "names.h"

const char *names_get(const char *const *names, size_t n, size_t number) { return number < n ? names[number] : NULL; }

int names_find(const char *const *names, size_t n, struct str name, size_t *number_r)
{
	if (!name.n) return E_INVALID;
	for (size_t i = 0; i < n; i++) {
		if (!names[i] || !str_is(name, names[i])) continue;
		*number_r = i;
		return 0;
	}
	return E_INVALID;
}
