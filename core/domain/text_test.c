// SPDX-License-Identifier: Apache-2.0
// One safe line out of any bytes: the classes, the decoder against the whole of Unicode, and random bytes.
#include "text.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static size_t encode(uint32_t c, char p[4])
{
	if (c < 0x80) return p[0] = (char)c, 1;
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i; i--, c >>= 6)
		p[i] = (char)(0x80 | (c & 0x3F));
	p[0] = (char)((0xF00 >> n & 0xFF) | c);
	return n;
}

static void every_code_point_is_read_back(void **state)
{
	for (uint32_t c = 0; c < 0x110000; c++) {
		char p[4];
		struct str rest = {p, encode(c, p)};
		size_t n = rest.n;
		uint32_t found;
		struct str taken = text_next(&rest, &found);
		if (c >= 0xD800 && c < 0xE000) {
			assert_int_equal(found, 0xFFFD);
			assert_int_equal(rest.n, n - 1);
			continue;
		}
		assert_int_equal(found, c);
		assert_int_equal(taken.n, n);
		assert_int_equal(rest.n, 0);
	}
}

static void classes_are_what_they_should_be(void **state)
{
	for (uint32_t c = 0; c < 0xA0; c++)
		assert_int_equal(text_class_of(c) == TEXT_VISIBLE, c > 0x20 && c < 0x7F);
	for (uint32_t c = 0x202A; c <= 0x202E; c++)
		assert_int_equal(text_class_of(c), TEXT_DROPPED);
	for (uint32_t c = 0x2066; c <= 0x2069; c++)
		assert_int_equal(text_class_of(c), TEXT_DROPPED);
	assert_int_equal(text_class_of(' '), TEXT_BLANK);
	assert_int_equal(text_class_of('\n'), TEXT_BLANK);
	assert_int_equal(text_class_of(0x2028), TEXT_BLANK);
	assert_int_equal(text_class_of(0x200B), TEXT_DROPPED);
	assert_int_equal(text_class_of(0x200D), TEXT_INVISIBLE);
	assert_int_equal(text_class_of(0xFE0F), TEXT_INVISIBLE);
	assert_int_equal(text_class_of(0xE007F), TEXT_INVISIBLE);
	assert_int_equal(text_class_of(0x416), TEXT_VISIBLE);
	assert_int_equal(text_class_of(0x1F600), TEXT_VISIBLE);
	assert_int_equal(text_class_of(0x10FFFF), TEXT_VISIBLE);
}

static void a_line_never_passes_its_end(void **state)
{
	static const struct {
		size_t max;
		const char *line;
	} cuts[] = {{0, ""},     {1, "a"},    {2, "a"},    {3, "a b"},   {4, "a b"},   {5, "a bю"},
		    {6, "a bю"}, {7, "a bю"}, {8, "a bю"}, {9, "a bю😀"}, {20, "a bю😀"}};
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		char *line = malloc(cuts[i].max + 1); // one more, so that malloc(0) is no question
		size_t n = text_line(line, cuts[i].max, STR(" a \n b\u202Eю😀  "));
		assert_int_equal(n, strlen(cuts[i].line));
		assert_memory_equal(line, cuts[i].line, n);
		free(line);
	}
}

static uint64_t seed = 88172645463325252ULL;
static uint64_t random_below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

// Random bytes and random code points, mixed.
static size_t random_text(char *p, size_t max)
{
	size_t n = 0, wanted = random_below(max - 4);
	while (n < wanted) {
		if (random_below(3))
			n += encode((uint32_t)random_below(random_below(2) ? 0x3000 : 0xE1000), p + n);
		else
			p[n++] = (char)random_below(256);
	}
	return n;
}

static void check_line(struct str line)
{
	assert_true(utf8_valid_text(line));
	assert_true(!line.n || (line.p[0] != ' ' && line.p[line.n - 1] != ' '));
	assert_true(str_find_str(line, STR("  ")) < 0);
	for (struct str rest = line; rest.n;) {
		uint32_t c;
		text_next(&rest, &c);
		assert_true(c == ' ' || text_class_of(c) == TEXT_VISIBLE || text_class_of(c) == TEXT_INVISIBLE);
	}
}

static void any_bytes_give_a_safe_line_that_stays_itself(void **state)
{
	for (int round = 0; round < 20000; round++) {
		char text[100], line[64], again[64];
		size_t max = random_below(sizeof line);
		size_t n = text_line(line, max, (struct str){text, random_text(text, sizeof text)});
		assert_true(n <= max);
		check_line((struct str){line, n});
		assert_int_equal(text_line(again, max, (struct str){line, n}), n);
		assert_memory_equal(line, again, n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_is_read_back),
		cmocka_unit_test(classes_are_what_they_should_be),
		cmocka_unit_test(a_line_never_passes_its_end),
		cmocka_unit_test(any_bytes_give_a_safe_line_that_stays_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
