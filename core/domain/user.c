// SPDX-License-Identifier: Apache-2.0
// Roles, and addresses by which users log in.
#include "domain/user.h"
#include "names.h"
#include "text.h"
#include "base/arena.h"
#include "base/mem.h"
#include <string.h>

#define EMAIL_MAX 320 // RFC 5321: 64 before the @, 255 behind it

#define X(name, number, text) [number] = text,
static const char *const roles[] = {ROLES(X)};
#undef X

const char *role_name(enum role r) { return names_get(roles, ARRAY_LEN(roles), r); }

int role_parse(struct str s, enum role *r_r)
{
	size_t number;
	int rc = names_find(roles, ARRAY_LEN(roles), s, &number);
	if (!rc) *r_r = (enum role)number;
	return rc;
}

// The capitals that a domain may hold. As small letters they have as many bytes.
// clang-format off
static const struct {
	uint16_t first, last;
	uint8_t step, add;
} capitals[] = {
	{0x0041, 0x005A, 1, 32}, // A to Z
	{0x00C0, 0x00D6, 1, 32}, // Latin-1, without the times sign
	{0x00D8, 0x00DE, 1, 32},
	{0x0100, 0x012E, 2, 1},  // Latin Extended-A, without the dotted capital I
	{0x0132, 0x0136, 2, 1},
	{0x0139, 0x0147, 2, 1},
	{0x014A, 0x0176, 2, 1},
	{0x0179, 0x017D, 2, 1},
	{0x0391, 0x03A9, 1, 32}, // Greek
	{0x0400, 0x040F, 1, 80}, // Cyrillic
	{0x0410, 0x042F, 1, 32},
	{0x0460, 0x0480, 2, 1},
	{0x048A, 0x04BE, 2, 1},
	{0x04D0, 0x052E, 2, 1},
};
// clang-format on

static uint32_t lower(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_LEN(capitals) && c >= capitals[i].first; i++)
		if (c <= capitals[i].last && (c - capitals[i].first) % capitals[i].step == 0)
			return c + capitals[i].add;
	return c;
}

static bool may_stand_in_address(uint32_t c)
{
	return c != 0xFFFD && text_class_of(c) == TEXT_VISIBLE && !(c < 0x80 && strchr("<>()[]\\,;:\"", (int)c));
}

// Lower-cases a code point in place: ASCII everywhere, other letters only in the domain.
static void lower_in_place(char *p, size_t n, uint32_t c, bool is_domain)
{
	uint32_t small = lower(c);
	if (n == 1) {
		*p = (char)small;
	} else if (n == 2 && is_domain) {
		p[0] = (char)(0xC0 | small >> 6);
		p[1] = (char)(0x80 | (small & 0x3F));
	}
}

static bool is_domain_name(struct str s)
{
	return s.n && s.p[0] != '.' && s.p[s.n - 1] != '.' && str_find_str(s, STR("..")) < 0;
}

int user_clean_email(struct arena *a, struct str email, struct str *email_r)
{
	ptrdiff_t at = str_find(email, '@');
	if (email.n > EMAIL_MAX || at <= 0) return E_INVALID;
	struct str domain = {email.p + at + 1, email.n - (size_t)at - 1};
	if (str_find(domain, '@') >= 0 || !is_domain_name(domain)) return E_INVALID;

	char *clean = arena_cstr(a, email);
	for (struct str rest = {clean, email.n}; rest.n;) {
		uint32_t c;
		size_t from = email.n - rest.n;
		struct str taken = text_next(&rest, &c);
		if (!may_stand_in_address(c)) return E_INVALID;
		lower_in_place(clean + from, taken.n, c, from > (size_t)at);
	}
	*email_r = (struct str){clean, email.n};
	return 0;
}
