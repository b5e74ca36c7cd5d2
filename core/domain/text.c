// SPDX-License-Identifier: Apache-2.0
// Folds text from outside into one line that can be shown to people safely.
#include "text.h"
#include "base/mem.h"
#include <assert.h>
#include <string.h>

// Sorted; what is in no row is visible.
// clang-format off
static const struct {
	uint32_t first, last;
	enum text_class is;
} ranges[] = {
	{0x0000, 0x0008, TEXT_DROPPED},
	{0x0009, 0x000D, TEXT_BLANK},
	{0x000E, 0x001F, TEXT_DROPPED},
	{0x0020, 0x0020, TEXT_BLANK},
	{0x007F, 0x0084, TEXT_DROPPED},
	{0x0085, 0x0085, TEXT_BLANK},       // next line
	{0x0086, 0x009F, TEXT_DROPPED},
	{0x00A0, 0x00A0, TEXT_BLANK},
	{0x00AD, 0x00AD, TEXT_DROPPED},     // soft hyphen
	{0x034F, 0x034F, TEXT_INVISIBLE},
	{0x061C, 0x061C, TEXT_INVISIBLE},   // Arabic letter mark
	{0x115F, 0x1160, TEXT_INVISIBLE},   // Hangul fillers
	{0x1680, 0x1680, TEXT_BLANK},
	{0x17B4, 0x17B5, TEXT_INVISIBLE},
	{0x180B, 0x180F, TEXT_INVISIBLE},
	{0x2000, 0x200A, TEXT_BLANK},
	{0x200B, 0x200B, TEXT_DROPPED},     // zero-width space
	{0x200C, 0x200F, TEXT_INVISIBLE},   // joiners (Persian, emoji), left-to-right and right-to-left marks
	{0x2028, 0x2029, TEXT_BLANK},       // line and paragraph separator
	{0x202A, 0x202E, TEXT_DROPPED},     // embeddings and overrides
	{0x202F, 0x202F, TEXT_BLANK},
	{0x205F, 0x205F, TEXT_BLANK},
	{0x2060, 0x206F, TEXT_DROPPED},     // word joiner, isolates, deprecated formatting
	{0x2800, 0x2800, TEXT_BLANK},       // braille without dots
	{0x3000, 0x3000, TEXT_BLANK},
	{0x3164, 0x3164, TEXT_BLANK},       // Hangul filler
	{0xFE00, 0xFE0F, TEXT_INVISIBLE},
	{0xFEFF, 0xFEFF, TEXT_DROPPED},     // byte order mark
	{0xFFA0, 0xFFA0, TEXT_BLANK},       // half-width Hangul filler
	{0xFFF0, 0xFFFB, TEXT_DROPPED},     // interlinear annotation
	{0xE0000, 0xE001F, TEXT_DROPPED},
	{0xE0020, 0xE007F, TEXT_INVISIBLE}, // tags of flag emoji
	{0xE0080, 0xE0FFF, TEXT_INVISIBLE},
};
// clang-format on

enum text_class text_class_of(uint32_t code_point)
{
	size_t low = 0, high = ARRAY_LEN(ranges);
	if (code_point > 0x20 && code_point < 0x7F) return TEXT_VISIBLE; // most of them
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (code_point < ranges[middle].first)
			high = middle;
		else if (code_point > ranges[middle].last)
			low = middle + 1;
		else
			return ranges[middle].is;
	}
	return TEXT_VISIBLE;
}

// How many bytes a code point has that begins so; 0: none begins so.
static size_t length_of(unsigned char lead)
{
	if (lead < 0x80) return 1;
	if (lead < 0xC2) return 0;
	if (lead < 0xE0) return 2;
	if (lead < 0xF0) return 3;
	return lead < 0xF5 ? 4 : 0;
}

struct str text_next(struct str *rest, uint32_t *code_point_r)
{
	assert(rest->n);
	const unsigned char *p = (const unsigned char *)rest->p;
	struct str taken = {rest->p, length_of(p[0])};
	if (p[0] < 0x80) {
		*rest = (struct str){rest->p + 1, rest->n - 1};
		*code_point_r = p[0];
		return taken;
	}
	if (!taken.n || taken.n > rest->n || !utf8_valid(taken)) {
		*rest = (struct str){rest->p + 1, rest->n - 1};
		*code_point_r = 0xFFFD;
		return STR("\xEF\xBF\xBD");
	}
	uint32_t c = p[0] & (0x7FU >> taken.n);
	for (size_t i = 1; i < taken.n; i++)
		c = c << 6 | (p[i] & 0x3F);
	*rest = (struct str){rest->p + taken.n, rest->n - taken.n};
	*code_point_r = c;
	return taken;
}

// How many bytes of visible ASCII the text begins with, at most max.
static size_t n_plain(struct str s, size_t max)
{
	size_t n = 0;
	if (max > s.n) max = s.n;
	while (n < max && s.p[n] > 0x20 && s.p[n] < 0x7F)
		n++;
	return n;
}

size_t text_line(char *line_r, size_t max, struct str s)
{
	size_t n = 0;
	bool is_blank_due = false, is_visible = false;
	while (s.n) {
		uint32_t c;
		size_t plain = is_blank_due ? 0 : n_plain(s, max - n);
		if (plain) {
			memcpy(line_r + n, s.p, plain);
			n += plain;
			s = (struct str){s.p + plain, s.n - plain};
			is_visible = true;
			continue;
		}
		struct str taken = text_next(&s, &c);
		enum text_class is = text_class_of(c);
		if (is == TEXT_DROPPED) continue;
		if (is == TEXT_BLANK) {
			is_blank_due = n > 0;
			continue;
		}
		if (n + is_blank_due + taken.n > max) break;
		if (is_blank_due) line_r[n++] = ' ';
		memcpy(line_r + n, taken.p, taken.n);
		n += taken.n;
		is_blank_due = false;
		if (is == TEXT_VISIBLE) is_visible = true;
	}
	return is_visible ? n : 0;
}
