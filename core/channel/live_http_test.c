// SPDX-License-Identifier: Apache-2.0
// The live endpoint over plain HTTP: polls that are held, uploads, files, the widget's own files, and browsers'
// questions.
#include "live_world_test.h"
#include <sys/stat.h>

static struct world w;
static struct reply r, r2;
static char token[400], thread[200], bearer[450];

static void get_token(void)
{
	assert_int_equal(request(&w, "POST", "/live/3/poll", NULL, "{\"frames\":[{\"type\":\"hello\"}]}", &r), 200);
	/* the welcome has one, and the answer too: they are the same */
	member_of(&r.body, "token", token, sizeof token);
	member_of(&r.body, "thread", thread, sizeof thread);
	snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token);
}

static int setup(void **state)
{
	live_world_open(&w, "{}");
	get_token();
	return 0;
}

static int setup_origins(void **state)
{
	live_world_open(&w, "{\"origins\":[\"https://shop.example\"]}");
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	reply_fini(&r);
	reply_fini(&r2);
	return 0;
}

static void poll_start(const char *cursor, const char *frames, struct reply *to)
{
	char body[1500];
	snprintf(body, sizeof body, "{\"token\":\"%s\",\"cursor\":%s%s%s,\"frames\":%s}", token, cursor ? "\"" : "",
		 cursor ? cursor : "null", cursor ? "\"" : "", frames);
	to->n = to->status = 0;
	request_start(&w, "POST", "/live/3/poll", NULL, str_of(body), to);
}

static void poll(const char *cursor, const char *frames, struct reply *to)
{
	poll_start(cursor, frames, to);
	assert_true(world_wait(&w, has_reply, to));
	assert_int_equal(to->status, 200);
}

static void poll_says_hello(void **state)
{
	assert_true(has(&r.body, "{\"frames\":[{\"type\":\"welcome\",\"token\":\""));
	assert_true(has(&r.headers, "no-store"));
	live.n = 2;
	assert_int_equal(request(&w, "POST", "/live/3/poll", NULL,
				 "{\"frames\":[{\"type\":\"hello\",\"language\":\"bg\"}]}", &r),
			 200);
	assert_true(has(&r.body, "\"id\":\"1\"") && has(&r.body, "\"id\":\"2\""));
	assert_true(has(&r.body, "],\"cursor\":\"c2\",\"token\":\""));
}

static void poll_needs_a_token(void **state)
{
	snprintf(token, sizeof token, "nonsense");
	poll(NULL, "[]", &r);
	assert_true(has(&r.body, "{\"type\":\"refused\",\"reason\":\"token\""));
	assert_int_equal(request(&w, "POST", "/live/3/poll", NULL, "{\"frames\":7}", &r), 400);
	assert_int_equal(request(&w, "POST", "/live/3/poll", NULL, "nonsense", &r), 400);
	struct buf b = {0};
	buf_add(&b, STR("{\"frames\":[1"));
	for (int i = 0; i < 16; i++)
		buf_add(&b, STR(",1"));
	buf_add(&b, STR("]}"));
	assert_int_equal(request(&w, "POST", "/live/3/poll", NULL, b.p, &r), 400);
	buf_fini(&b);
}

static void poll_takes_frames(void **state)
{
	const char *frames = "[{\"type\":\"message\",\"key\":\"key-00001\",\"parts\":[{\"type\":\"text\",\"text\":"
			     "\"a\"}]},{\"type\":\"ping\"},"
			     "{\"type\":\"message\",\"key\":\"key-00002\",\"parts\":[{\"type\":\"text\",\"text\":\"b\"}"
			     "]},{\"type\":\"nope\"}]";
	poll(NULL, frames, &r);
	const char *right = "[{\"type\":\"ack\",\"key\":\"key-00001\"},{\"type\":\"pong\"},{\"type\":\"ack\",\"key\":"
			    "\"key-00002\"},"
			    "{\"type\":\"error\",\"key\":null,\"code\":\"invalid\"";
	assert_true(has(&r.body, right));
	assert_int_equal(w.n_commits, 2);
}

static bool is_held(struct world *wd, void *arg) { return live.n_replays >= *(int *)arg; }

static void wait_replays(int n)
{
	assert_true(world_wait(&w, is_held, &n));
	world_turns(&w, 3);
}

static void poll_is_held_until_something_comes(void **state)
{
	int before = live.n_replays;
	poll_start(NULL, "[]", &r2);
	wait_replays(before + 1);
	assert_int_equal(r2.n, 0);
	struct channel_stats stats;
	channels_stats(w.c, &stats);
	assert_int_equal(stats.live_polls, 1);
	live.n = 1;
	push_frame(&w, thread, 0);
	assert_true(world_wait(&w, has_reply, &r2));
	assert_true(has(&r2.body, "{\"frames\":[{\"type\":\"message\",\"cursor\":\"c1\""));
	assert_true(has(&r2.body, "],\"cursor\":\"c1\",\"token\":"));
}

static void late_push_does_not_repeat(void **state)
{
	live.n = 1;
	poll(NULL, "[]", &r);
	assert_true(has(&r.body, "\"id\":\"1\""));
	int before = live.n_replays;
	poll_start("c1", "[]", &r2);
	wait_replays(before + 1);
	push_frame(&w, thread, 0); /* of what was replayed already */
	wait_replays(before + 2);
	assert_int_equal(r2.n, 0);
	/* a signal comes through, and moves no cursor */
	channels_live_push(w.c, INBOX, str_of(thread), STR("{\"type\":\"typing\"}"));
	assert_true(world_wait(&w, has_reply, &r2));
	assert_string_equal(strstr(r2.body.p, "],\"cursor\"") ? "yes" : "no", "yes");
	assert_true(has(&r2.body, "{\"frames\":[{\"type\":\"typing\"}],\"cursor\":\"c1\""));
}

static void push_while_looking_is_not_lost(void **state)
{
	live.is_held = true;
	poll_start(NULL, "[]", &r2);
	while (!live.n_asked)
		world_turns(&w, 1);
	/* the store was read before the frame was there */
	struct asked q = live.asked[0];
	live.n_asked = 0;
	live.is_held = false;
	push_frame(&w, thread, 0);
	replay_answer(&q);
	live.n = 1;
	assert_true(world_wait(&w, has_reply, &r2));
	assert_true(has(&r2.body, "\"id\":\"1\""));
}

static void poller_may_leave(void **state)
{
	char head[700];
	int before = live.n_replays, fd = connect_to(&w);
	char body[600];
	snprintf(body, sizeof body, "{\"token\":\"%s\"}", token);
	snprintf(head, sizeof head, "POST /live/3/poll HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
		 strlen(body), body);
	assert_true(write(fd, head, strlen(head)) > 0);
	wait_replays(before + 1);
	close(fd);
	struct channel_stats stats;
	do {
		world_turns(&w, 1);
		channels_stats(w.c, &stats);
	} while (stats.live_polls);
	assert_false(channels_live_is_watched(w.c, INBOX, str_of(thread)));
}

static void closing_ends_held_polls(void **state)
{
	int before = live.n_replays;
	poll_start(NULL, "[]", &r2);
	wait_replays(before + 1);
	channels_close_inbox(w.c, INBOX);
	assert_true(world_wait(&w, has_reply, &r2));
	assert_true(has(&r2.body, "{\"frames\":[],\"cursor\":null"));
	assert_int_equal(request(&w, "POST", "/live/3/poll", NULL, "{}", &r), 404);
}

// ---- uploads and files ------------------------------------------------------------------------------------------

static void upload_is_stored(void **state)
{
	char headers[600];
	snprintf(headers, sizeof headers, "%s\nContent-Type: image/png", bearer);
	assert_int_equal(request(&w, "POST", "/live/3/upload?name=a%20b.png", headers, "PNG bytes", &r), 201);
	assert_string_equal(r.body.p, "{\"file\":\"1\",\"bytes\":9}");
	assert_string_equal(fake_files[0].name, "a b.png");
	assert_string_equal(fake_files[0].type, "image/png");
	assert_string_equal(fake_files[0].owner, thread);
	assert_string_equal(fake_files[0].bytes.p, "PNG bytes");
}

static int upload_bytes(size_t n)
{
	struct buf body = {0};
	memset(buf_reserve(&body, n), 'x', n);
	body.n = n;
	r.n = r.status = 0;
	request_start(&w, "POST", "/live/3/upload?name=f", bearer, buf_str(&body), &r);
	assert_true(world_wait(&w, has_reply, &r));
	buf_fini(&body);
	return r.status;
}

static void upload_has_limits(void **state)
{
	assert_int_equal(request(&w, "POST", "/live/3/upload?name=f", NULL, "x", &r), 401);
	assert_int_equal(request(&w, "POST", "/live/3/upload?name=f", bearer, "", &r), 400);
	int status = upload_bytes(((size_t)10 << 20) + 1);
	assert_true(status == 413 || r.code);
	assert_int_equal(upload_bytes((size_t)6 << 20), 201); /* with pauses: the port is full again and again */
	assert_int_equal(fake_files[n_fake_files - 1].bytes.n, (size_t)6 << 20);
	status = upload_bytes((size_t)6 << 20);
	assert_true(status == 429 || r.code);
	fake_media_fails = true;
	assert_int_equal(upload_bytes(10), 503);
	assert_int_equal(n_fake_aborted, 1);
}

static void chunked_upload_is_counted(void **state)
{
	struct buf b = {0};
	char answer[400] = {0};
	int fd = connect_to(&w);
	buf_printf(&b, "POST /live/3/upload HTTP/1.1\r\nHost: x\r\n%s\r\nTransfer-Encoding: chunked\r\n\r\n", bearer);
	assert_true(write(fd, b.p, b.n) > 0);
	buf_reset(&b);
	buf_add(&b, STR("100000\r\n"));
	memset(buf_reserve(&b, 1 << 20), 'x', 1 << 20);
	b.n += 1 << 20;
	buf_add(&b, STR("\r\n"));
	size_t at = 0;
	while (read(fd, answer, sizeof answer - 1) < 0 && errno == EAGAIN) {
		ssize_t n = send(fd, b.p + at, b.n - at, MSG_NOSIGNAL);
		if (n > 0) at = (at + (size_t)n) % b.n;
		world_turns(&w, 1);
	}
	assert_true(strstr(answer, "HTTP/1.1 413"));
	assert_int_equal(n_fake_aborted, 1);
	assert_true(fake_files[0].bytes.n <= (size_t)10 << 20);
	close(fd);
	buf_fini(&b);
}

static void broken_upload_is_forgotten(void **state)
{
	struct buf b = {0};
	int fd = connect_to(&w);
	buf_printf(&b, "POST /live/3/upload HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: 100\r\n\r\nhalf", bearer);
	assert_true(write(fd, b.p, b.n) > 0);
	while (!fake_files[0].bytes.n)
		world_turns(&w, 1);
	close(fd);
	while (!n_fake_aborted)
		world_turns(&w, 1);
	buf_fini(&b);
}

static void files_go_to_who_may_read(void **state)
{
	char headers[600];
	snprintf(headers, sizeof headers, "%s\nContent-Type: image/png", bearer);
	assert_int_equal(request(&w, "POST", "/live/3/upload?name=a%22b.png", headers, "PNG bytes", &r), 201);
	snprintf(headers, sizeof headers, "%s\nContent-Type: text/html", bearer);
	assert_int_equal(request(&w, "POST", "/live/3/upload?name=x.html", headers, "<script>", &r), 201);
	assert_int_equal(request(&w, "GET", "/live/3/file/1", bearer, NULL, &r), 200);
	assert_string_equal(r.body.p, "PNG bytes");
	assert_true(has(&r.headers, "inline; filename*=UTF-8''a%22b.png"));
	assert_true(has(&r.headers, "nosniff") && has(&r.headers, "default-src 'none'; sandbox"));
	assert_int_equal(request(&w, "GET", "/live/3/file/2", bearer, NULL, &r), 200);
	assert_true(has(&r.headers, "attachment; filename*=UTF-8''x.html"));
	/* by the signed address that a frame brings, which is for one file and one thread */
	live.file = 1;
	live.n = 1;
	char path[500];
	poll(NULL, "[]", &r);
	member_of(&r.body, "url", path, sizeof path);
	assert_true(str_starts(str_of(path), STR("https://desk.example/live/3/file/1?t=")));
	memmove(path, path + strlen("https://desk.example"), strlen(path));
	assert_int_equal(request(&w, "GET", path, NULL, NULL, &r), 200);
	struct buf other = {0};
	buf_printf(&other, "/live/3/file/2%s", strchr(path, '?'));
	assert_int_equal(request(&w, "GET", other.p, NULL, NULL, &r), 401);
	live.may_read = false;
	assert_int_equal(request(&w, "GET", path, NULL, NULL, &r), 404);
	live.may_read = true;
	assert_int_equal(request(&w, "GET", "/live/3/file/9", bearer, NULL, &r), 404);
	assert_int_equal(request(&w, "GET", "/live/3/file/x", bearer, NULL, &r), 404);
	assert_int_equal(request(&w, "GET", "/live/3/file/1", NULL, NULL, &r), 401);
	buf_fini(&other);
}

// ---- the widget -------------------------------------------------------------------------------------------------

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void copy_file(const char *from, const char *to)
{
	char command[600];
	snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
	assert_int_equal(system(command), 0);
}

static void what_is_not_there(struct world *own)
{
	static const char *const NOT[] = {"/live/3/asset/",
					  "/live/3/asset/none.js",
					  "/live/3/asset/.hidden",
					  "/live/3/asset/a%5Cb",
					  "/live/3/asset/x/",
					  "/live/3/asset",
					  "/live/3/",
					  "/live/4/asset/widget.js"};
	for (size_t i = 0; i < ARRAY_LEN(NOT); i++)
		assert_int_equal(request(own, "GET", NOT[i], NULL, NULL, &r), 404);
	/* the server refuses these itself */
	assert_int_equal(request(own, "GET", "/live/3/asset/%2e%2e/chat.so", NULL, NULL, &r), 400);
}

static void assets_are_served(void **state)
{
	char folder[] = "/tmp/beseda-assets-XXXXXX", path[200], etag[100], header[200];
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/chat.so", folder);
	copy_file(WEBCHAT, path);
	struct world own;
	live_world_open(&own, "{}");
	channels_close_inbox(own.c, INBOX);
	world_close(&own);
	own = (struct world){0};
	struct channel_ports ports = world_ports(&own);
	world_open_with(&own, &ports);
	char assets[300];
	snprintf(assets, sizeof assets, "%s/chat.assets", folder);
	assert_int_equal(mkdir(assets, 0755), 0);
	char file[400];
	snprintf(file, sizeof file, "%s/widget.js", assets);
	write_file(file, "let a = 1;");
	snprintf(file, sizeof file, "%s/widget.css", assets);
	write_file(file, "body{}");
	snprintf(file, sizeof file, "%s/widget.css.gz", assets);
	write_file(file, "zipped");
	world_inbox(&own, path, "webchat", 3, "{}");
	assert_int_equal(request(&own, "GET", "/live/3/asset/widget.js", "Origin: https://anybody.example", NULL, &r),
			 200);
	assert_string_equal(r.body.p, "let a = 1;");
	assert_true(has(&r.headers, "text/javascript"));
	assert_true(has(&r.headers, "\"")); /* an ETag */
	const char *at = strstr(r.headers.p, "\"");
	snprintf(etag, sizeof etag, "%.*s", (int)(strchr(at + 1, '"') - at + 1), at);
	snprintf(header, sizeof header, "If-None-Match: \"x\", %s", etag);
	assert_int_equal(request(&own, "GET", "/live/3/asset/widget.js", header, NULL, &r), 304);
	assert_int_equal(request(&own, "GET", "/live/3/asset/widget.css", "Accept-Encoding: identity", NULL, &r), 200);
	assert_string_equal(r.body.p, "body{}");
	what_is_not_there(&own);
	int fd = connect_to(&own);
	const char *raw = "GET /live/3/asset/widget.css HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, gzip;q=0.8\r\n\r\n";
	char answer[800] = {0};
	assert_true(write(fd, raw, strlen(raw)) > 0);
	for (size_t n = 0; !strstr(answer, "zipped") && n < sizeof answer - 1; world_turns(&own, 1)) {
		ssize_t got = read(fd, answer + n, sizeof answer - 1 - n);
		assert_true(got > 0 || (got < 0 && errno == EAGAIN));
		n += got > 0 ? (size_t)got : 0;
	}
	assert_true(strstr(answer, "Content-Encoding: gzip"));
	close(fd);
	world_close(&own);
	snprintf(file, sizeof file, "rm -r '%s'", folder);
	assert_int_equal(system(file), 0);
}

static void browsers_are_told(void **state)
{
	assert_int_equal(request(&w, "OPTIONS", "/live/3/upload", "Origin: https://shop.example", NULL, &r), 204);
	assert_true(has(&r.headers, "https://shop.example"));
	assert_true(has(&r.headers, "Authorization, Content-Type"));
	assert_int_equal(request(&w, "OPTIONS", "/live/3/upload", "Origin: https://evil.example", NULL, &r), 204);
	assert_false(has(&r.headers, "evil"));
	const char *hello = "{\"frames\":[{\"type\":\"hello\"}]}";
	assert_int_equal(request(&w, "POST", "/live/3/poll", "Origin: https://evil.example", hello, &r), 403);
	assert_int_equal(request(&w, "POST", "/live/3/poll", "Origin: https://shop.example", hello, &r), 200);
	assert_true(has(&r.headers, "https://shop.example"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(poll_says_hello),
		T(poll_needs_a_token),
		T(poll_takes_frames),
		T(poll_is_held_until_something_comes),
		T(late_push_does_not_repeat),
		T(push_while_looking_is_not_lost),
		T(poller_may_leave),
		T(closing_ends_held_polls),
		T(upload_is_stored),
		T(upload_has_limits),
		T(chunked_upload_is_counted),
		T(broken_upload_is_forgotten),
		T(files_go_to_who_may_read),
		cmocka_unit_test(assets_are_served),
		cmocka_unit_test_setup_teardown(browsers_are_told, setup_origins, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
