// SPDX-License-Identifier: Apache-2.0
// Files go out: to whoever may see the conversation they stand in, or uploaded them.
#include "inside.h"
#include "base/mem.h"
#include "net/url.h"
#include <unistd.h>

struct getting {
	struct file_row file;
	int fd;
};

// Nothing that we serve may run in our origin: only pictures are shown, everything else is saved.
static void add_headers(struct call *c, const struct file_row *f)
{
	struct buf name = {0};
	url_encode(&name, f->name);
	const char *how = media_is_safe_inline(f->mime) ? "inline" : "attachment";
	http_header_add(c->x, "Content-Disposition",
			arena_printf(c->arena, "%s; filename*=UTF-8''%.*s", how, STR_ARG(buf_str(&name))));
	buf_fini(&name);
	http_header_add(c->x, "Content-Security-Policy", STR("sandbox; default-src 'none'"));
	http_header_add(c->x, "Cross-Origin-Resource-Policy", STR("same-origin"));
	http_header_add(c->x, "X-Content-Type-Options", STR("nosniff"));
	http_header_add(c->x, "ETag", arena_printf(c->arena, "\"%.*s\"", STR_ARG(f->blob)));
	http_header_add(c->x, "Cache-Control", STR("private, no-cache")); // asked again each time, sent once
}

static void send_file(struct call *c)
{
	struct getting *g = c->own;
	struct str known = http_request_header(http_request(c->x), "if-none-match");
	add_headers(c, &g->file);
	if (known.n && str_find_str(known, g->file.blob) >= 0)
		call_end_unchanged(c, g->fd);
	else
		call_end_file(c, arena_cstr(c->arena, g->file.mime), g->fd, (uint64_t)g->file.bytes);
}

static void on_conversation(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct call *c = arg;
	struct getting *g = c->own;
	struct conversation conversation = {0};
	struct access_set set;
	if (!status && rows->n_rows) conversation_of_row(rows, 0, 0, &conversation);
	set = access_set_of(&conversation);
	if (!status && conversation.id && access_may_see(&c->access, &set)) {
		send_file(c);
		return;
	}
	close(g->fd);
	call_fail_status(c, status ? status : E_MISSING, why);
}

static void on_file(int status, const struct file_row *f, int fd, void *arg)
{
	struct call *c = arg;
	struct getting *g = c->own;
	if (status) {
		call_fail_status(c, status, NULL);
		return;
	}
	g->file = *f;
	g->file.name = arena_str(c->arena, f->name);
	g->file.mime = arena_str(c->arena, f->mime);
	g->file.blob = arena_str(c->arena, f->blob);
	g->fd = fd;
	struct str owner = arena_printf(c->arena, "user:%llu", (unsigned long long)c->session.user);
	if (f->conversation) {
		store_read(c->api->o.store, STMT_CONVERSATION, (struct db_value[]){DB_INT(f->conversation)},
			   on_conversation, c);
	} else if (!f->message && str_eq(f->owner, owner)) {
		send_file(c);
	} else {
		close(fd);
		call_missing(c);
	}
}

void handle_file(struct call *c)
{
	c->own = arena_new_of(c->arena, struct getting);
	media_get(c->api->o.media, c->id, on_file, c);
}
