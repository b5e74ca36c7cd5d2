// SPDX-License-Identifier: Apache-2.0
// A PostgreSQL connection on the loop: made without blocking, in pipeline mode, with a queue of the answers it expects.
#include "base/clock.h"
#include "base/log.h"
#include "pg.h"
#include <assert.h>
#include <poll.h>
#include <string.h>

#define CONNECT_MS 10000

static void conn_ready(struct pg_conn *c, int events);
static void conn_broke(struct pg_conn *c);

// uv's handles.

static void on_handle_closed(struct pg_conn *c)
{
	if (--c->n_handles || !c->closed) return;
	mem_free(c->expects);
	buf_fini(&c->args);
	c->closed(c->closed_arg);
}

static void on_poll_closed(uv_handle_t *h)
{
	struct pg_poll *p = h->data;
	struct pg_conn *c = p->conn;
	mem_free(p);
	on_handle_closed(c);
}

static void on_limit_closed(uv_handle_t *h) { on_handle_closed(h->data); }

static void unwatch(struct pg_conn *c)
{
	if (!c->poll) return;
	uv_poll_stop(&c->poll->handle);
	uv_close((uv_handle_t *)&c->poll->handle, on_poll_closed);
	c->poll = NULL;
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	struct pg_poll *p = h->data;
	struct loop *l = p->conn->config->loop;
	int64_t entered = loop_enter(l);
	if (status < 0)
		conn_broke(p->conn);
	else
		conn_ready(p->conn, events);
	loop_leave(l, "store pgsql", entered);
}

static void watch(struct pg_conn *c, int events)
{
	if (c->poll && c->poll->events == events) return; // uv would leave and enter epoll each time
	if (!c->poll) {
		struct pg_poll *p = mem_new(struct pg_poll);
		p->conn = c;
		p->fd = PQsocket(c->db);
		p->handle.data = p;
		if (uv_poll_init(loop_uv(c->config->loop), &p->handle, p->fd)) {
			mem_free(p);
			pg_conn_fail(c, "cannot watch the socket");
			return;
		}
		c->poll = p;
		c->n_handles++;
	}
	c->poll->events = events;
	uv_poll_start(&c->poll->handle, events, on_poll);
}

// Its end.

static void drop(struct pg_conn *c)
{
	pg_resolve_cancel(&c->resolve);
	unwatch(c); // before the descriptor is closed
	PQfinish(c->db);
	c->db = NULL;
	c->state = PG_DOWN;
	c->n = 0;
	c->is_failing = false;
	uv_timer_stop(&c->limit);
}

int pg_error(struct err *e, const char *who, const char *text)
{
	size_t n = strlen(text);
	while (n && strchr(" \t\n", text[n - 1]))
		n--;
	err_set(e, E_STORE, "PostgreSQL (%s): %.*s", who, (int)n, text);
	for (char *p = e->text; *p; p++)
		if (*p == '\n' || *p == '\t') *p = ' ';
	return E_STORE;
}

static void go_down(struct pg_conn *c, const char *why)
{
	struct err text; // why may be c->why's
	pg_error(&text, c->kind->name, why);
	c->why = text;
	enum pg_state was = c->state;
	drop(c);
	if (!c->is_blocking) c->kind->ops->down(c, was);
}

static void on_limit(uv_timer_t *h)
{
	struct pg_conn *c = h->data;
	go_down(c, c->is_failing ? c->why.text : "no answer in time");
}

void pg_conn_limit(struct pg_conn *c, uint64_t ms)
{
	if (c->is_failing) return;
	if (ms)
		uv_timer_start(&c->limit, on_limit, ms, 0);
	else
		uv_timer_stop(&c->limit);
}

// Not at once: the caller may be anywhere.
void pg_conn_fail(struct pg_conn *c, const char *why)
{
	if (c->is_failing) return;
	err_set(&c->why, E_STORE, "%s", why);
	uv_timer_start(&c->limit, on_limit, 0, 0);
	c->is_failing = true;
}

// Its beginning.

static void on_notice(void *arg, const char *text) { log_debug("store", "PostgreSQL: %s", text); }

static void connect_on(struct pg_conn *c)
{
	// libpq may change the socket, even to one of the same number, which uv would not notice
	unwatch(c);
	switch (PQconnectPoll(c->db)) {
	case PGRES_POLLING_READING: watch(c, UV_READABLE); break;
	case PGRES_POLLING_WRITING: watch(c, UV_WRITABLE); break;
	case PGRES_POLLING_OK:
		c->state = PG_PREPARING;
		watch(c, UV_READABLE);
		if (PQsetnonblocking(c->db, 1) || !PQenterPipelineMode(c->db))
			pg_conn_fail(c, PQerrorMessage(c->db));
		else
			pg_prepare_all(c);
		break;
	default: go_down(c, PQerrorMessage(c->db));
	}
}

static void begin_connect(struct pg_conn *c, const struct pg_address *a)
{
	c->state = PG_CONNECTING;
	c->db = PQconnectStartParams(a->keys, (const char *const *)a->values, 0);
	if (!c->db || PQstatus(c->db) == CONNECTION_BAD) {
		go_down(c, c->db ? PQerrorMessage(c->db) : "no memory");
		return;
	}
	PQsetNoticeProcessor(c->db, on_notice, NULL);
	watch(c, UV_WRITABLE);
}

static void on_resolved(const struct pg_address *a, const struct err *why, void *arg)
{
	struct pg_conn *c = arg;
	c->resolve = NULL;
	if (a)
		begin_connect(c, a);
	else
		go_down(c, why->text);
}

void pg_conn_open(struct pg_conn *c)
{
	assert(c->state == PG_DOWN);
	c->state = PG_RESOLVING;
	pg_conn_limit(c, CONNECT_MS);
	c->resolve = pg_resolve(c->config->loop, c->config->url, on_resolved, c);
}

int pg_conn_open_now(struct pg_conn *c, int ms, struct err *e)
{
	struct pg_address a;
	int status = pg_resolve_now(c->config->url, &a, e);
	if (status) return status;
	c->is_blocking = true;
	begin_connect(c, &a);
	pg_address_fini(&a);
	while (c->state != PG_UP && c->poll && !c->is_failing) {
		int events = c->poll->events;
		struct pollfd p = {.fd = PQsocket(c->db)};
		p.events = (short)((events & UV_READABLE ? POLLIN : 0) | (events & UV_WRITABLE ? POLLOUT : 0));
		if (poll(&p, 1, ms) <= 0)
			pg_conn_fail(c, "no answer in time");
		else
			conn_ready(c, events);
	}
	c->is_blocking = false;
	if (c->state == PG_UP && !c->is_failing) return 0;
	err_set(e, E_STORE, "%s", c->why.text);
	drop(c);
	return E_STORE;
}

// Its life.

static bool is_broken(const struct pg_conn *c) { return PQstatus(c->db) == CONNECTION_BAD || PQsocket(c->db) < 0; }

static void flush(struct pg_conn *c)
{
	int rest = PQflush(c->db);
	if (rest < 0 || is_broken(c))
		pg_conn_fail(c, PQerrorMessage(c->db));
	else
		watch(c, rest ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static void setup_result(struct pg_conn *c, const struct pg_expect *x, const PGresult *r)
{
	if (pg_check_setup(c, x, r)) {
		go_down(c, c->why.text);
		return;
	}
	if (x->kind != PG_SETUP_SYNC) return;
	c->state = PG_UP;
	c->is_checked = true;
	pg_conn_limit(c, 0);
	if (!c->is_blocking) c->kind->ops->up(c);
}

// Handlers may drop the connection.
static void take_results(struct pg_conn *c)
{
	PGconn *db = c->db;
	while (c->db == db && c->n && !PQisBusy(db)) {
		struct pg_expect x = c->expects[c->at];
		PGresult *r = PQgetResult(db);
		// A query ends with NULL, a sync with itself.
		if (!r || PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
			c->at = (c->at + 1) % c->cap;
			c->n--;
		}
		if (r && c->state == PG_PREPARING)
			setup_result(c, &x, r);
		else if (r && x.kind != PG_QUIET)
			c->kind->ops->result(c, &x, r);
		PQclear(r);
	}
}

static void conn_ready(struct pg_conn *c, int events)
{
	if (c->state == PG_CONNECTING) {
		connect_on(c);
		return;
	}
	if (events & UV_WRITABLE) flush(c);
	if (!(events & UV_READABLE)) return;
	bool is_alive = PQconsumeInput(c->db);
	PGconn *db = c->db;
	if (is_alive) take_results(c);
	// libpq closes a socket that broke by itself, and then uv would wait for it for ever
	if (c->db == db && !c->is_failing && (!is_alive || is_broken(c))) go_down(c, PQerrorMessage(db));
}

// An error on the socket: uv has stopped watching it, so that this is the last chance to hear what the server said.
static void conn_broke(struct pg_conn *c)
{
	PGconn *db = c->db;
	bool was_connecting = c->state == PG_CONNECTING;
	conn_ready(c, UV_READABLE);
	if (c->db == db && !was_connecting && !c->is_failing) go_down(c, PQerrorMessage(db));
}

// Sending.

void pg_expect_add(struct pg_conn *c, enum pg_kind kind, uint32_t at)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct pg_expect *more = mem_calloc(cap, sizeof *more);
		for (size_t i = 0; i < c->n; i++)
			more[i] = c->expects[(c->at + i) % c->cap];
		mem_free(c->expects);
		c->expects = more;
		c->cap = cap;
		c->at = 0;
	}
	c->expects[(c->at + c->n++) % c->cap] = (struct pg_expect){kind, at};
}

void pg_args_begin(struct pg_conn *c)
{
	buf_reset(&c->args);
	c->n_args = 0;
}

void pg_arg_begin(struct pg_conn *c)
{
	assert(c->n_args < PG_ARGS_MAX);
	c->arg_at[c->n_args++] = c->args.n;
}

// is_null may be NULL: none is.
static void send_args(struct pg_conn *c, const char *name, const bool *is_null)
{
	const char *values[PG_ARGS_MAX];
	int lengths[PG_ARGS_MAX], formats[PG_ARGS_MAX];
	c->arg_at[c->n_args] = c->args.n;
	for (size_t i = 0; i < c->n_args; i++) {
		values[i] = is_null && is_null[i] ? NULL : c->args.p + c->arg_at[i];
		lengths[i] = (int)(c->arg_at[i + 1] - c->arg_at[i]);
		formats[i] = 1;
	}
	if (!PQsendQueryPrepared(c->db, name, (int)c->n_args, values, lengths, formats, 1))
		pg_conn_fail(c, PQerrorMessage(c->db));
}

void pg_send_own(struct pg_conn *c, enum pg_kind kind, const char *name, const struct db_value *args, size_t n)
{
	bool is_null[PG_ARGS_MAX];
	pg_args_begin(c);
	for (size_t i = 0; i < n; i++) {
		is_null[i] = !args[i].type;
		pg_arg_begin(c);
		if (args[i].type) pg_put_value(&c->args, &args[i]);
	}
	buf_reserve(&c->args, 1); // so that an empty text is not NULL
	send_args(c, name, is_null);
	pg_expect_add(c, kind, 0);
}

void pg_send_stmt(struct pg_conn *c, enum pg_kind kind, uint32_t at, size_t stmt)
{
	char name[16];
	snprintf(name, sizeof name, "s%zu", stmt);
	send_args(c, name, NULL);
	pg_expect_add(c, kind, at);
}

void pg_send_sync(struct pg_conn *c, enum pg_kind kind)
{
	if (!PQpipelineSync(c->db)) pg_conn_fail(c, PQerrorMessage(c->db));
	pg_expect_add(c, kind, 0);
	if (!c->is_failing) flush(c);
}

bool pg_is_error(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);
	return s == PGRES_FATAL_ERROR || s == PGRES_BAD_RESPONSE || s == PGRES_NONFATAL_ERROR;
}

// The server's words, except where they repeat what a row holds.
void pg_text_of(const PGresult *r, char *text_r, size_t n)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	if (!state) state = "?";
	bool has_value = !strncmp(state, "22P", 3) || !strcmp(state, "22007") || !strcmp(state, "22008");
	snprintf(text_r, n, "%s (SQLSTATE %s)", message && !has_value ? message : "wrong form of a value", state);
}

void pg_conn_init(struct pg_conn *c, const struct pg_conn_kind *kind, const struct driver_config *config)
{
	*c = (struct pg_conn){.kind = kind, .config = config, .n_handles = 1};
	uv_timer_init(loop_uv(config->loop), &c->limit);
	c->limit.data = c;
}

void pg_conn_close(struct pg_conn *c, loop_cb closed, void *arg)
{
	drop(c);
	c->closed = closed;
	c->closed_arg = arg;
	uv_close((uv_handle_t *)&c->limit, on_limit_closed);
}
