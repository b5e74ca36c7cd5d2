// SPDX-License-Identifier: Apache-2.0
// Hello and frames of a visitor: checked here, put to the plugin as ops, answered when the op's cause is durable.
#include "live_inside.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define HELLO_MS 10000
#define FRAME_MS 15000
#define PARTS_MAX 10
#define NAME_MAX_BYTES 200
#define TYPING_EVERY_MS 2000
#define REFUSALS_MAX 100
#define BUSY_RETRY_MS 2000
#define RENEW_AFTER_S ((int64_t)30 * 86400) // a token is good for much longer; those who come back never lose it

static struct doc_home *home_new(struct inbox *in) { return doc_home_new(&in->plugin->channels->pool); }

static void put_string(struct arena *a, struct json_builder *b, const char *key, struct str s)
{
	const struct json *v = s.p ? json_make_string(a, s) : NULL;
	if (v) json_put(b, str_of(key), v);
}

const struct json *live_frame_parse(struct arena *a, struct str text)
{
	const struct json *v = NULL;
	if (json_parse(a, text, &JSON_OURS, &v, NULL) || !json_string_of(v, "type").n) return NULL;
	return v;
}

// ---- hello ------------------------------------------------------------------------------------------------------

struct greeting {
	struct inbox *in; // a reference
	struct str token; // as it came, in home
	struct live_token known;
	struct str language;
	struct doc_home *home; // a reference; the greeting stands in it
	live_welcome_cb cb;
	void *arg;
};

static void greeting_refuse(struct live_welcome *w, const char *reason, struct str text)
{
	*w = (struct live_welcome){.reason = reason, .text = text};
}

// What the plugin decided, as a welcome or a refusal.
static void greeting_judge(struct greeting *g, const struct op_end *end, struct live_welcome *w)
{
	struct inbox *in = g->in;
	struct arena *a = g->home->arena;
	const struct json *refuse = json_get(end->doc, "refuse");
	struct str address = json_string_of(end->doc, "address"), proof = json_string_of(end->doc, "proof");
	if (end->status == E_REMOTE && end->class_ == CHANNEL_AUTH)
		greeting_refuse(w, "token", end->text);
	else if (end->status || !inbox_takes_work(in))
		greeting_refuse(w, "closed", STR("not available at the moment"));
	else if (refuse)
		greeting_refuse(w, "closed", json_string(refuse));
	else if (!address.n || address.n > LIVE_ADDRESS_MAX) {
		log_error(in->who, "live.hello was completed without an address of 1 to %d bytes", LIVE_ADDRESS_MAX);
		greeting_refuse(w, "closed", STR("not available at the moment"));
	} else {
		struct str name = utf8_cut(json_string_of(end->doc, "name"), NAME_MAX_BYTES);
		bool is_same = g->known.address.p && str_eq(g->known.address, address) &&
			       clock_now_ms() / 1000 - g->known.issued_s < RENEW_AFTER_S;
		w->thread = live_thread_of(in, address, name, proof.p ? proof : STR("channel"));
		w->token = is_same ? g->token : live_token_make(in, a, address);
		w->language = g->language;
	}
}

static void greeted(const struct op_end *end, void *arg)
{
	struct greeting *g = arg;
	struct live_welcome w = {0};
	greeting_judge(g, end, &w);
	g->cb(&w, g->arg);
	struct inbox *in = g->in;
	doc_home_unref(g->home);
	inbox_release(in);
}

static const struct json *hello_doc(struct greeting *g, const struct live_hello *h)
{
	struct arena *a = g->home->arena;
	struct json_builder *b = json_build_map(a), *frame = json_build_map(a);
	if (g->known.address.p) {
		struct json_builder *token = json_build_map(a);
		put_string(a, token, "address", g->known.address);
		json_put(token, STR("issued_at"), json_make_int(a, g->known.issued_s * 1000));
		json_put(b, STR("token"), json_build(token));
	} else {
		json_put(b, STR("token"), json_make_null());
	}
	put_string(a, b, "origin", h->origin);
	put_string(a, b, "ip", h->ip);
	put_string(a, b, "language", g->language);
	for (uint32_t i = 0; i < json_count(h->frame); i++) {
		const struct json_member *m = &h->frame->members[i];
		if (!str_is(m->key, "token") && !str_is(m->key, "cursor"))
			json_put(frame, m->key, json_copy(a, m->value));
	}
	const struct json *copy = json_build(frame), *page = json_get(copy, "page");
	if (json_is(page, JSON_MAP)) json_put(b, STR("page"), page);
	json_put(b, STR("frame"), copy);
	return json_build(b);
}

bool live_hello(struct inbox *in, const struct live_hello *h, live_welcome_cb cb, void *arg)
{
	struct doc_home *home = home_new(in);
	struct greeting *g = arena_new_of(home->arena, struct greeting);
	g->in = mem_ref(in);
	g->home = doc_home_ref(home);
	g->token = arena_str(home->arena, h->token);
	g->cb = cb;
	g->arg = arg;
	struct str language = json_string_of(h->frame, "language");
	g->language = arena_str(home->arena, language.n <= 35 ? language : STR_NONE);
	bool is_known = h->token.n && live_token_check(in, home->arena, h->token, &g->known);
	if (!is_known) g->known = (struct live_token){0};
	bool is_too_much = !is_known && live_peer_newcomer(in->plugin->channels->live, arena_cstr(home->arena, h->ip));
	const struct op_ask ask = {.verb = "live.hello", .doc = hello_doc(g, h), .home = home, .deadline_ms = HELLO_MS};
	if (!is_too_much && op_start(in, &ask, greeted, g)) return true;
	if (is_too_much) doc_home_unref(home); // what op_start would have taken over
	doc_home_unref(home);
	inbox_release(in);
	return false;
}

void live_welcome_write(struct buf *b, const struct inbox *in, const struct live_welcome *w, struct str cursor)
{
	struct json_out o = json_out_init(b);
	json_out_map(&o);
	if (!w->thread) {
		json_out_key_string(&o, "type", STR("refused"));
		json_out_key_string(&o, "reason", str_of(w->reason));
		json_out_key_string(&o, "text", w->text.p ? w->text : STR(""));
	} else {
		json_out_key_string(&o, "type", STR("welcome"));
		json_out_key_string(&o, "token", w->token);
		json_out_key_string(&o, "thread", w->thread->address);
		json_out_key_string(&o, "cursor", cursor);
		json_out_key_string(&o, "language", w->language);
		json_out_key(&o, "settings");
		json_out_value(&o, in->public_settings);
	}
	json_out_map_end(&o);
}

// ---- frames -----------------------------------------------------------------------------------------------------

void live_error_write(struct buf *b, struct str key, const char *code, const char *text, int64_t retry_ms)
{
	struct json_out o = json_out_init(b);
	json_out_map(&o);
	json_out_key_string(&o, "type", STR("error"));
	json_out_key_string(&o, "key", key.n ? key : STR_NONE);
	json_out_key_string(&o, "code", str_of(code));
	json_out_key_string(&o, "text", str_of(text));
	json_out_key(&o, "retry_ms");
	if (retry_ms)
		json_out_int(&o, retry_ms);
	else
		json_out_null(&o);
	json_out_map_end(&o);
}

static bool key_is_right(struct str key)
{
	if (key.n < 8 || key.n > 64) return false;
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_word && c != '_' && c != '-') return false;
	}
	return true;
}

static const char *parts_mistake(const struct json *parts)
{
	if (!json_is(parts, JSON_LIST) || !parts->n || parts->n > PARTS_MAX) return "1 to 10 parts are wanted";
	for (uint32_t i = 0; i < parts->n; i++) {
		const struct json *part = parts->items[i];
		struct str type = json_string_of(part, "type");
		bool is_text = str_is(type, "text") && str_trim(json_string_of(part, "text")).n;
		bool is_media = str_is(type, "media") && json_id_of(part, "file");
		if (!is_text && !is_media) return "a part is a text that is not empty, or a file";
	}
	return NULL;
}

struct asking {
	struct inbox *in;      // a reference
	struct doc_home *home; // a reference; this stands in it
	struct str key;
	bool is_typing;
	live_reply_cb cb;
	void *arg;
};

static void write_failure(struct buf *b, const struct op_end *end, struct str key)
{
	switch (end->status) {
	case E_INVALID:
	case E_POISON: live_error_write(b, key, "invalid", "the message cannot be taken", 0); return;
	case E_TOO_LARGE: live_error_write(b, key, "too_large", "the message is too large", 0); return;
	case E_BUSY: live_error_write(b, key, "busy", "too much is waiting; try again", BUSY_RETRY_MS); return;
	case E_REMOTE: break;
	default: live_error_write(b, key, "unavailable", "not available at the moment", BUSY_RETRY_MS); return;
	}
	int64_t retry = end->retry_after_ms > 0 ? end->retry_after_ms : BUSY_RETRY_MS;
	if (end->class_ == CHANNEL_THROTTLED)
		live_error_write(b, key, "rate", "too many messages", retry);
	else if (end->class_ == CHANNEL_TOO_LARGE)
		live_error_write(b, key, "too_large", "the message is too large", 0);
	else if (end->class_ == CHANNEL_INVALID || end->class_ == CHANNEL_UNSUPPORTED || end->class_ == CHANNEL_POLICY)
		live_error_write(b, key, "invalid", "the message cannot be taken", 0);
	else
		live_error_write(b, key, "unavailable", "not available at the moment", retry);
}

static void asked(const struct op_end *end, void *arg)
{
	struct asking *ask = arg;
	struct buf b = {0};
	if (end->status && !ask->is_typing) {
		write_failure(&b, end, ask->key);
	} else if (!ask->is_typing) {
		struct json_out o = json_out_init(&b);
		json_out_map(&o);
		json_out_key_string(&o, "type", STR("ack"));
		json_out_key_string(&o, "key", ask->key);
		json_out_map_end(&o);
	}
	ask->cb(buf_str(&b), ask->arg);
	buf_fini(&b);
	struct inbox *in = ask->in;
	doc_home_unref(ask->home);
	inbox_release(in);
}

// The client's "file" is the host's "media".
static const struct json *part_doc(struct arena *a, const struct json *part)
{
	if (!json_get(part, "file")) return part;
	struct json_builder *b = json_build_map(a);
	for (uint32_t i = 0; i < part->n; i++) {
		const struct json_member *m = &part->members[i];
		json_put(b, str_is(m->key, "file") ? STR("media") : m->key, m->value);
	}
	return json_build(b);
}

static const struct json *parts_doc(struct arena *a, const struct json *parts)
{
	struct json_builder *list = json_build_list(a);
	for (uint32_t i = 0; i < parts->n; i++)
		json_push(list, part_doc(a, parts->items[i]));
	return json_build(list);
}

static const struct json *frame_doc(struct live_thread *t, struct arena *a, struct str language,
				    const struct json *frame)
{
	struct json_builder *b = json_build_map(a), *f = json_build_map(a);
	for (uint32_t i = 0; i < json_count(frame); i++) {
		const struct json_member *m = &frame->members[i];
		bool is_parts = str_is(m->key, "parts") && json_is(m->value, JSON_LIST);
		json_put(f, m->key, is_parts ? parts_doc(a, m->value) : m->value);
	}
	put_string(a, b, "thread", t->address);
	put_string(a, b, "address", t->address);
	put_string(a, b, "name", t->name);
	put_string(a, b, "proof", t->proof);
	put_string(a, b, "language", language.n ? language : STR_NONE);
	json_put(b, STR("frame"), json_build(f));
	return json_build(b);
}

static bool frame_to_plugin(struct live_thread *t, const struct json *frame, const struct live_from *from)
{
	struct arena *a = from->home->arena;
	struct asking *ask = arena_new_of(a, struct asking);
	ask->in = mem_ref(t->in);
	ask->home = doc_home_ref(from->home);
	ask->key = json_string_of(frame, "key");
	ask->is_typing = str_is(json_string_of(frame, "type"), "typing");
	ask->cb = from->cb;
	ask->arg = from->arg;
	const struct op_ask op = {
		.verb = "live.frame",
		.doc = frame_doc(t, a, from->language, frame),
		.home = doc_home_ref(from->home),
		.deadline_ms = FRAME_MS,
	};
	if (op_start(t->in, &op, asked, ask)) return true;
	struct inbox *in = ask->in;
	doc_home_unref(from->home);
	inbox_release(in);
	return false;
}

static bool typing_is_news(struct live_thread *t)
{
	int64_t now = loop_now_ms(t->in->plugin->channels->loop);
	if (t->typing_at && now - t->typing_at < TYPING_EVERY_MS) return false;
	t->typing_at = now;
	return true;
}

bool live_is_flooded(const struct live_thread *t) { return t->n_refused > REFUSALS_MAX; }

bool live_frame(struct live_thread *t, const struct json *frame, const struct live_from *from, struct buf *now)
{
	struct str type = json_string_of(frame, "type"), key = json_string_of(frame, "key");
	if (!key_is_right(key)) key = STR_NONE;
	int64_t wait = live_take_frame(t);
	if (wait) {
		t->n_refused++;
		live_error_write(now, key, "rate", "too many frames", wait);
		return false;
	}
	t->n_refused = 0;
	if (str_is(type, "ping")) {
		buf_add(now, STR("{\"type\":\"pong\"}"));
		return false;
	}
	if (str_is(type, "typing")) return typing_is_news(t) && frame_to_plugin(t, frame, from);
	if (!str_is(type, "message")) {
		live_error_write(now, key, "invalid", "no such frame", 0);
		return false;
	}
	const char *mistake =
		key.n ? parts_mistake(json_get(frame, "parts")) : "a key of 8 to 64 letters, digits, - and _ is wanted";
	if (mistake) {
		live_error_write(now, key, "invalid", mistake, 0);
		return false;
	}
	if (frame_to_plugin(t, frame, from)) return true;
	live_error_write(now, key, "busy", "too much is waiting; try again", BUSY_RETRY_MS);
	return false;
}
