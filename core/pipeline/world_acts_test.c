// SPDX-License-Identifier: Apache-2.0
// What plugins say to the small world, and what people do in it.
#include "world_test.h"
#include <stdio.h>
#include <string.h>

// ---- commits --------------------------------------------------------------------------------------------------------

static int n_answered;

static void on_done(struct channel_commit *cc, int status, const struct err *why)
{
	struct commit *c = container_of(cc, struct commit, c);
	assert_false(c->is_done);
	c->is_done = true;
	c->status = status;
	c->place = n_answered++;
	snprintf(c->why, sizeof c->why, "%s", why ? why->text : "");
	world.n_pending--;
}

struct commit *commit_new(uint64_t inbox)
{
	struct commit *c = mem_new(struct commit);
	c->arena = arena_new(0);
	c->c = (struct channel_commit){.inbox = inbox, .events = c->events, .puts = c->puts, .done = on_done};
	return c;
}

void commit_event(struct commit *c, const char *type, const char *json)
{
	struct err e = {0};
	struct channel_event *ev = &c->events[c->c.n_events++];
	assert_true(c->c.n_events <= ARRAY_LEN(c->events));
	ev->type = arena_str(c->arena, str_of(type));
	if (json_parse(c->arena, str_of(json), &JSON_PROVIDER, &ev->doc, &e)) fail_msg("%s: %s", json, e.text);
}

static void put(struct json_out *o, const char *key, const char *value)
{
	if (value) json_out_key_string(o, key, str_of(value));
}

void commit_message(struct commit *c, const struct says *s)
{
	struct buf b = {0};
	struct json_out o = json_out_init(&b);
	json_out_map(&o);
	put(&o, "key", s->key);
	put(&o, "external_id", s->external_id);
	put(&o, "reply_to", s->reply_to);
	put(&o, "author", s->author);
	put(&o, "origin", s->origin);
	if (s->sent_at) json_out_key_int(&o, "sent_at", s->sent_at);
	json_out_key(&o, "thread");
	json_out_map(&o);
	put(&o, "external", s->thread);
	json_out_map_end(&o);
	json_out_key(&o, "sender");
	json_out_map(&o);
	put(&o, "kind", s->kind ? s->kind : "test");
	put(&o, "scope", s->scope ? s->scope : "global");
	put(&o, "address", s->address ? s->address : "tel:1");
	put(&o, "name", s->name);
	put(&o, "proof", s->proof);
	json_out_map_end(&o);
	json_out_key(&o, "parts");
	if (s->parts) {
		json_out_raw(&o, str_of(s->parts));
	} else {
		json_out_list(&o);
		json_out_map(&o);
		put(&o, "type", "text");
		put(&o, "text", s->text ? s->text : "hello");
		json_out_map_end(&o);
		json_out_list_end(&o);
	}
	json_out_map_end(&o);
	commit_event(c, "message.in", b.p);
	buf_fini(&b);
}

void commit_receipt(struct commit *c, const char *type, const char *external_id, const char *key)
{
	char json[300];
	snprintf(json, sizeof json, "{\"external_id\":\"%s\"%s%s%s}", external_id, key ? ",\"key\":\"" : "",
		 key ? key : "", key ? "\"" : "");
	commit_event(c, type, json);
}

void commit_put(struct commit *c, const char *key, const char *json)
{
	struct err e = {0};
	struct channel_put *p = &c->puts[c->c.n_puts++];
	assert_true(c->c.n_puts <= ARRAY_LEN(c->puts));
	p->key = arena_str(c->arena, str_of(key));
	if (json && json_parse(c->arena, str_of(json), &JSON_OURS, &p->value, &e)) fail_msg("%s: %s", json, e.text);
}

void commit_go(struct commit *c)
{
	world.n_pending++;
	world.ports.commit(world.ports.ctx, &c->c);
	assert_false(c->is_done);
}

static bool is_done(void *arg) { return ((struct commit *)arg)->is_done; }

int commit_end(struct commit *c)
{
	run_until(is_done, c);
	int status = c->status;
	arena_free(&c->arena);
	mem_free(c);
	return status;
}

int say(const struct says *s)
{
	struct commit *c = commit_new(s->inbox);
	commit_message(c, s);
	commit_go(c);
	int status = commit_end(c);
	settle();
	return status;
}

int receipt(uint64_t inbox, const char *type, const char *external_id)
{
	struct commit *c = commit_new(inbox);
	commit_receipt(c, type, external_id, NULL);
	commit_go(c);
	int status = commit_end(c);
	settle();
	return status;
}

// ---- acts -----------------------------------------------------------------------------------------------------------

static void on_act(int status, const struct conversation *c, const struct message *m, int64_t seq,
		   const struct err *why, void *arg)
{
	struct acted *a = arg;
	assert_false(a->is_done);
	*a = (struct acted){.is_done = true, .status = status, .seq = seq, .has_message = m != NULL};
	if (c) a->c = *c;
	if (m) {
		a->m = *m;
		snprintf(a->key, sizeof a->key, "%.*s", STR_ARG(m->key));
	}
	snprintf(a->why, sizeof a->why, "%s", why ? why->text : "");
	world.n_pending--;
}

static void write_go(struct acted *a, const struct act_reply *r, const char *parts)
{
	struct arena *arena = arena_new(0);
	struct act_reply copy = *r;
	struct err e = {0};
	if (json_parse(arena, str_of(parts), &JSON_OURS, &copy.parts, &e)) fail_msg("%s: %s", parts, e.text);
	*a = (struct acted){0};
	world.n_pending++;
	act_reply(world.pipeline, &copy, on_act, a);
	assert_false(a->is_done);
	arena_free(&arena); // nothing of it is kept
}

void reply_go(struct acted *a, uint64_t user, uint64_t conversation, const char *key, const char *parts)
{
	struct act_reply r = {.act = {.user = user, .conversation = conversation}, .key = str_of(key)};
	write_go(a, &r, parts);
}

void reply_go_to(struct acted *a, uint64_t user, uint64_t conversation, uint64_t message)
{
	static int n;
	char key[40];
	snprintf(key, sizeof key, "answer-%08d", n++);
	struct act_reply r = {
		.act = {.user = user, .conversation = conversation}, .key = str_of(key), .reply_to = message};
	write_go(a, &r, "[{\"type\":\"text\",\"text\":\"to that\"}]");
}

void note_go(struct acted *a, uint64_t user, uint64_t conversation, const char *key, const char *parts)
{
	struct act_reply r = {
		.act = {.user = user, .conversation = conversation}, .key = str_of(key), .audience = AUDIENCE_INTERNAL};
	write_go(a, &r, parts);
}

void assign_go(struct acted *a, const struct act *act, uint64_t to)
{
	*a = (struct acted){0};
	world.n_pending++;
	act_assign(world.pipeline, act, to, on_act, a);
}

void move_go(struct acted *a, const struct act *act, enum conversation_move m)
{
	*a = (struct acted){0};
	world.n_pending++;
	act_move(world.pipeline, act, m, on_act, a);
}

void resend_go(struct acted *a, uint64_t user, uint64_t message)
{
	struct act act = {.user = user};
	*a = (struct acted){0};
	world.n_pending++;
	act_resend(world.pipeline, &act, message, on_act, a);
}

static bool has_acted(void *arg) { return ((struct acted *)arg)->is_done; }

uint64_t reply(uint64_t user, uint64_t conversation, const char *text)
{
	static int n;
	char key[40], parts[200];
	struct acted a;
	snprintf(key, sizeof key, "reply-%08d", n++);
	snprintf(parts, sizeof parts, "[{\"type\":\"text\",\"text\":\"%s\"}]", text);
	reply_go(&a, user, conversation, key, parts);
	run_until(has_acted, &a);
	if (a.status) fail_msg("reply: %d %s", a.status, a.why);
	return a.m.id;
}

// ---- what stands ----------------------------------------------------------------------------------------------------

struct reading {
	struct conversation c;
	bool is_done;
};

static void on_conversation(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct reading *r = arg;
	assert_int_equal(status, 0);
	assert_int_equal(rows->n_rows, 1);
	conversation_of_row(rows, 0, 0, &r->c);
	r->is_done = true;
}

static bool has_read(void *arg) { return ((struct reading *)arg)->is_done; }

struct conversation conversation_now(uint64_t id)
{
	struct reading r = {0};
	store_read(world.store, STMT_CONVERSATION, (struct db_value[]){DB_INT(id)}, on_conversation, &r);
	run_until(has_read, &r);
	return r.c;
}

// ---- often wanted --------------------------------------------------------------------------------------------------

uint64_t begin(uint64_t inbox, const char *address)
{
	assert_int_equal(say(&(struct says){.inbox = inbox, .address = address}), 0);
	return conversation_of(inbox, address);
}

enum delivery delivery_of(uint64_t message)
{
	return (enum delivery)sql_int("SELECT delivery FROM message WHERE id = %llu", (unsigned long long)message);
}

static bool has_sent(void *n) { return test_sends(world.channels) >= *(size_t *)n; }

void wait_for_sends(size_t n) { run_until(has_sent, &n); }

static bool turns_have_passed(void *n) { return --*(int *)n < 0; }

void turn_a_little(void) { run_until(turns_have_passed, &(int){100}); }

void stop_the_clock(void) { clock_fake(clock_now_ms(), clock_mono_ms()); }

bool is_up(void *arg) { return store_is_up(world.store); }

bool is_down(void *arg) { return !store_is_up(world.store); }

bool is_unit_waiting(void *arg)
{
	struct store_stats s;
	store_stats(world.store, &s);
	return s.waiting > 0;
}
