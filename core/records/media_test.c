// SPDX-License-Identifier: Apache-2.0
// Files: what was put in comes out, names and types are cleaned, what nobody uses goes.
#include "records/media.h"
#include "fixture_test.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DAY_MS (24 * 3600 * 1000LL)

static struct fixture f;
static struct media *m;
static struct file_row row;
static int status;
static char bytes[64];

static int set_up(void **state)
{
	char folder[96];
	struct err e = {0};
	fixture_open(&f);
	snprintf(folder, sizeof folder, "%s/files", f.folder);
	if (media_open(&m, f.store, f.loop, folder, &e)) fail_msg("%s", e.text);
	return 0;
}

static int tear_down(void **state)
{
	media_close(&m);
	fixture_close(&f);
	return 0;
}

static void on_put(int s, const struct file_row *r, const struct err *why, void *arg)
{
	status = s;
	if (!s) {
		row = *r;
		row.blob = arena_str(f.arena, r->blob);
		row.name = arena_str(f.arena, r->name);
		row.mime = arena_str(f.arena, r->mime);
		row.owner = arena_str(f.arena, r->owner);
	}
	fixture_done(&f);
}

static uint64_t put(const char *name, const char *mime, const char *text)
{
	bool is_full;
	struct media_put *p = media_put_open(m, 5, STR("user:7"), str_of(name), str_of(mime), 1000);
	assert_int_equal(media_put_piece(p, str_of(text), &is_full), 0);
	media_put_commit(p, on_put, NULL);
	fixture_wait(&f);
	assert_int_equal(status, 0);
	return row.id;
}

static void on_get(int s, const struct file_row *r, int fd, void *arg)
{
	status = s;
	if (!s) {
		ssize_t n = read(fd, bytes, sizeof bytes - 1);
		assert_true(n >= 0);
		bytes[n] = '\0';
		close(fd);
	} else {
		assert_int_equal(fd, -1);
	}
	fixture_done(&f);
}

static int get(uint64_t id)
{
	media_get(m, id, on_get, NULL);
	fixture_wait(&f);
	return status;
}

static void test_round(void **state)
{
	uint64_t id = put("фото.PNG", "Image/PNG; charset=x", "hello");
	assert_true(str_is(row.name, "фото.PNG") && str_is(row.mime, "image/png") && str_is(row.owner, "user:7"));
	assert_int_equal(row.bytes, 5);
	assert_int_equal(row.inbox, 5);
	assert_int_equal(get(id), 0);
	assert_string_equal(bytes, "hello");
	assert_int_equal(get(id + 1), E_MISSING);
}

static void test_too_large(void **state)
{
	bool is_full;
	struct media_put *p = media_put_open(m, 0, STR("user:7"), STR("x"), STR("a/b"), 4);
	assert_int_equal(media_put_piece(p, STR("hello"), &is_full), E_TOO_LARGE);
	media_put_abort(p);
}

static void expect(const char *name, const char *clean, const char *mime, const char *clean_mime)
{
	put(name, mime, "x");
	if (!str_is(row.name, clean)) fail_msg("%s became %.*s", name, STR_ARG(row.name));
	if (!str_is(row.mime, clean_mime)) fail_msg("%s became %.*s", mime, STR_ARG(row.mime));
}

static void test_claims_are_cleaned(void **state)
{
	const char *plain = "application/octet-stream";
	expect("../../etc/passwd", "passwd", "text/plain", "text/plain");
	expect("C:\\Users\\me\\cv.pdf", "cv.pdf", "", plain);
	expect("", "file", "text", plain);
	expect("a/b/", "file", "text/", plain);
	expect("..", "file", "/plain", plain);
	expect("a\nb\x01.txt", "a b.txt", "a/b/c", plain);
	expect("invoice\xe2\x80\xae"
	       "fdp.exe",
	       "invoicefdp.exe", "text/plain\r\nX: y", plain);
	expect(".bashrc", ".bashrc", "te xt/plain", plain);
	char longest[400];
	memset(longest, 'a', sizeof longest);
	strcpy(longest + 300, ".tar.gz");
	put(longest, "a/b", "x");
	assert_true(row.name.n <= 200 && str_ends(row.name, STR(".gz")));
}

static void test_inline(void **state)
{
	assert_true(media_is_safe_inline(STR("image/png")));
	assert_false(media_is_safe_inline(STR("image/svg+xml")));
	assert_false(media_is_safe_inline(STR("text/html")));
	assert_false(media_is_safe_inline(STR("application/pdf")));
	assert_false(media_is_safe_inline(STR_NONE));
}

static bool is_there(struct str blob)
{
	char path[256];
	snprintf(path, sizeof path, "%s/files/%.2s/%.*s", f.folder, blob.p, (int)blob.n - 2, blob.p + 2);
	return !access(path, R_OK);
}

// The clock stands still: no timer can look.
static void look(void *arg)
{
	if (is_there(row.blob))
		loop_defer(f.loop, look, NULL);
	else
		fixture_done(&f);
}

static void test_sweep(void **state)
{
	struct message message = {.id = 30, .conversation = 20, .thread = 13, .audience = AUDIENCE_CUSTOMER};
	struct unit *u = unit_new(f.store);
	unit_use_file(u, put("kept.txt", "text/plain", "used"), &message);
	assert_int_equal(fixture_commit(&f, u), 0);
	uint64_t used = row.id;
	uint64_t unused = put("old.txt", "text/plain", "nobody's");
	assert_true(is_there(row.blob));
	clock_fake(clock_now_ms() + 2 * DAY_MS, clock_mono_ms());
	media_sweep(m, clock_now_ms());
	media_sweep(m, clock_now_ms()); // while one runs
	loop_defer(f.loop, look, NULL);
	fixture_wait(&f);
	clock_real();
	assert_int_equal(get(unused), E_MISSING);
	assert_int_equal(get(used), 0);
	assert_string_equal(bytes, "used");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_round), TEST(test_too_large), TEST(test_claims_are_cleaned),
					   TEST(test_inline), TEST(test_sweep)};
	log_set_level(LOG_WARN);
	fixture_begin(FIXTURE_SQLITE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
