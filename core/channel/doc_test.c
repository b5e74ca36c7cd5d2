// SPDX-License-Identifier: Apache-2.0
// Documents: handles, their life, builders and limits.
#include "doc.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct doc_pool pool;
static struct docs d;
static struct doc_home *home;

static int setup(void **state)
{
	docs_init(&d);
	home = doc_home_new(&pool);
	docs_enter(&d, home);
	return 0;
}

static int teardown(void **state)
{
	if (d.home) docs_leave(&d);
	doc_home_unref(home);
	docs_fini(&d);
	assert_int_equal(pool.n_out, 0);
	doc_pool_fini(&pool);
	return 0;
}

static void next_callback(void)
{
	docs_leave(&d);
	doc_home_unref(home);
	home = doc_home_new(&pool);
	docs_enter(&d, home);
}

static const struct json *parse(const char *text)
{
	const struct json *v = NULL;
	assert_int_equal(json_parse(home->arena, str_of(text), &JSON_PROVIDER, &v, NULL), 0);
	return v;
}

static void expect_text(beseda_doc h, const char *text)
{
	struct buf b = {0};
	json_write(&b, docs_get(&d, h, NULL));
	assert_string_equal(b.p, text);
	buf_fini(&b);
}

static void handles_end_with_the_callback(void **state)
{
	beseda_doc h = docs_add(&d, parse("{\"a\":1}"), home);
	assert_int_not_equal(h, 0);
	expect_text(h, "{\"a\":1}");
	next_callback();
	assert_null(docs_get(&d, h, NULL));
	/* the slot is used again, under another generation */
	beseda_doc other = docs_add(&d, parse("2"), home);
	assert_int_equal((uint32_t)h, (uint32_t)other);
	assert_true(h != other);
	assert_null(docs_get(&d, h, NULL));
	assert_int_equal(docs_add(&d, NULL, home), 0);
}

static void kept_documents_live(void **state)
{
	beseda_doc h = docs_add(&d, parse("[1,2]"), home);
	assert_true(docs_keep(&d, h) == h);
	assert_true(docs_keep(&d, h) == h);
	next_callback();
	expect_text(h, "[1,2]");
	assert_int_equal(docs_drop(&d, h), 0);
	expect_text(h, "[1,2]");
	assert_int_equal(docs_drop(&d, h), 0);
	assert_null(docs_get(&d, h, NULL));
	assert_int_equal(docs_drop(&d, h), E_MISSING);
	/* kept and dropped within one callback */
	h = docs_add(&d, parse("3"), home);
	docs_keep(&d, h);
	docs_drop(&d, h);
	expect_text(h, "3");
	assert_int_equal(docs_drop(&d, h), E_MISSING);
}

static void keeping_a_branch_of_much_copies_it(void **state)
{
	struct buf text = {0};
	buf_add(&text, STR("{\"small\":[7],\"big\":\""));
	memset(buf_reserve(&text, 100000), 'x', 100000);
	text.n += 100000;
	buf_add(&text, STR("\"}"));
	const struct json *v = parse(text.p);
	buf_fini(&text);
	beseda_doc h = docs_add(&d, json_get(v, "small"), home);
	const struct json *before = docs_get(&d, h, NULL);
	docs_keep(&d, h);
	assert_true(docs_get(&d, h, NULL) != before);
	assert_int_equal(before->n, 1);  /* what was read before still stands */
	assert_int_equal(home->refs, 2); /* ours, and the one that ends with the callback */
	next_callback();
	expect_text(h, "[7]");
	docs_drop(&d, h);
}

static void strangers_are_refused(void **state)
{
	beseda_doc h = docs_add(&d, parse("1"), home);
	assert_null(docs_get(&d, 0, NULL));
	assert_null(docs_get(&d, h + 1, NULL));
	assert_null(docs_get(&d, h + ((uint64_t)1 << 32), NULL));
	assert_null(docs_get(&d, UINT64_MAX, NULL));
	assert_int_equal(docs_keep(&d, h + 5), 0);
	beseda_build b = docs_build(&d);
	assert_null(docs_get(&d, b, NULL)); /* a build is no document */
	docs_build_open(&d, h, NULL, true); /* and the other way round */
	const char *why;
	assert_int_equal(docs_build_done(&d, h, &why), 0);
	srand(1);
	for (int i = 0; i < 10000; i++)
		assert_null(docs_get(&d, (uint64_t)rand() << 33 ^ (uint64_t)rand(), NULL));
}

static void handles_are_bounded(void **state)
{
	const struct json *v = parse("1");
	int n = 0;
	while (docs_add(&d, v, home))
		n++;
	assert_int_equal(n, DOCS_MAX);
	next_callback();
	assert_int_not_equal(docs_add(&d, parse("1"), home), 0);
}

static beseda_doc done(beseda_build b, const char *mistake)
{
	const char *why = NULL;
	beseda_doc r = docs_build_done(&d, b, &why);
	if (!mistake) {
		assert_null(why);
		assert_int_not_equal(r, 0);
		return r;
	}
	assert_int_equal(r, 0);
	assert_non_null(why);
	if (!strstr(why, mistake)) fail_msg("%s: %s", mistake, why);
	assert_int_equal(docs_build_done(&d, b, &why), 0); /* a build is done once */
	return 0;
}

static void builds(void **state)
{
	beseda_build b = docs_build(&d);
	docs_build_open(&d, b, NULL, true);
	docs_build_put(&d, b, "x", json_make_int(home->arena, 1));
	docs_build_open(&d, b, "list", false);
	docs_build_put(&d, b, NULL, json_make_bool(true));
	docs_build_open(&d, b, "ignored", true);
	docs_build_end(&d, b);
	docs_build_end(&d, b);
	docs_build_put(&d, b, "x", json_make_null());
	docs_build_end(&d, b);
	expect_text(done(b, NULL), "{\"x\":null,\"list\":[true,{}]}");
	b = docs_build(&d);
	docs_build_put(&d, b, NULL, json_make_string(home->arena, STR("alone")));
	expect_text(done(b, NULL), "\"alone\"");
}

static void mistakes_are_remembered(void **state)
{
	beseda_build b = docs_build(&d);
	done(b, "nothing was put");
	b = docs_build(&d);
	docs_build_end(&d, b);
	done(b, "an end without");
	b = docs_build(&d);
	docs_build_open(&d, b, NULL, true);
	done(b, "not ended");
	b = docs_build(&d);
	docs_build_open(&d, b, NULL, true);
	docs_build_put(&d, b, NULL, json_make_null());
	docs_build_end(&d, b);
	done(b, "without a key");
	b = docs_build(&d);
	docs_build_open(&d, b, NULL, true);
	docs_build_put(&d, b, "\xff", json_make_null());
	done(b, "UTF-8");
	b = docs_build(&d);
	docs_build_put(&d, b, NULL, json_make_null());
	docs_build_put(&d, b, NULL, json_make_null());
	done(b, "second outermost");
	b = docs_build(&d);
	for (int i = 0; i < 65; i++)
		docs_build_open(&d, b, NULL, false);
	for (int i = 0; i < 65; i++)
		docs_build_end(&d, b);
	done(b, "too many levels");
	docs_build_end(&d, 12345); /* no build at all */
}

// A document that holds another many times, and so on, would be endless when written.
static void laughter_is_bounded(void **state)
{
	beseda_doc h = docs_add(&d, parse("\"ha ha ha ha ha ha ha ha ha ha\""), home);
	int levels = 0;
	while (levels < 60) {
		beseda_build b = docs_build(&d);
		docs_build_open(&d, b, NULL, false);
		for (int i = 0; i < 10; i++)
			docs_build_put(&d, b, NULL, docs_get(&d, h, NULL));
		docs_build_end(&d, b);
		const char *why;
		beseda_doc more = docs_build_done(&d, b, &why);
		if (!more) break;
		h = more;
		levels++;
	}
	assert_in_range(levels, 3, 6);
	/* and no deeper than a reader may go */
	h = docs_add(&d, parse("[]"), home);
	for (levels = 1;; levels++) {
		beseda_build b = docs_build(&d);
		docs_build_open(&d, b, NULL, false);
		docs_build_put(&d, b, NULL, docs_get(&d, h, NULL));
		docs_build_end(&d, b);
		const char *why;
		beseda_doc more = docs_build_done(&d, b, &why);
		if (!more) break;
		h = more;
	}
	assert_int_equal(levels, 64);
}

static void our_limits(void **state)
{
	struct err e;
	assert_int_equal(doc_check(parse("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), &e), 0);
	assert_int_equal(doc_check(parse("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), &e), E_TOO_LARGE);
	assert_non_null(strstr(e.text, "17 levels"));
	struct buf text = {0};
	buf_add_char(&text, '"');
	memset(buf_reserve(&text, 1 << 20), 'x', 1 << 20);
	text.n += 1 << 20;
	buf_add_char(&text, '"');
	assert_int_equal(doc_check(parse(text.p), &e), E_TOO_LARGE);
	buf_fini(&text);
	assert_int_equal(doc_check(NULL, &e), 0);
}

static void homes_are_used_again(void **state)
{
	static struct doc_home *many[600];
	for (int i = 0; i < 600; i++)
		many[i] = doc_home_new(&pool);
	for (int i = 0; i < 600; i++)
		doc_home_unref(many[i]);
	assert_int_equal(pool.n_free, 512);
	struct doc_home *again = doc_home_new(&pool);
	assert_int_equal(pool.n_free, 511);
	assert_int_equal(arena_used(again->arena), 0);
	doc_home_unref(doc_home_ref(again));
	doc_home_unref(again);
	doc_home_unref(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(handles_end_with_the_callback), T(kept_documents_live), T(keeping_a_branch_of_much_copies_it),
		T(strangers_are_refused),         T(handles_are_bounded), T(builds),
		T(mistakes_are_remembered),       T(laughter_is_bounded), T(our_limits),
		T(homes_are_used_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
