// SPDX-License-Identifier: Apache-2.0
// Inboxes, and the channels they can be of: added, changed and archived by administrators, never deleted.
#include "inside.h"
#include "base/clock.h"
#include "base/mem.h"
#include <string.h>

#define CHANNELS_MAX 256
#define CHANNEL_NAME 64

// ---- as JSON --------------------------------------------------------------------------------------------------------

static bool has(const struct json *manifest, const char *key) { return json_is(json_get(manifest, key), JSON_MAP); }

static void encode_health(const struct api *a, struct json_out *o, const struct inbox_record *in)
{
	const struct inbox_health *h = inbox_health(a, in->id);
	struct str state = in->is_archived ? STR("archived") : h ? str_of(h->state) : STR("starting");
	json_out_key_string(o, "state", state);
	json_out_key_string(o, "why", !in->is_archived && h && h->why[0] ? str_of(h->why) : STR_NONE);
}

static void encode_for_admin(const struct api *a, struct json_out *o, const struct inbox_record *in)
{
	const struct json *manifest = channels_manifest(a->o.channels, in->channel);
	unsigned long long id = in->id;
	struct buf b = {0};
	json_out_key(o, "config");
	json_out_raw(o, in->config);
	json_out_key(o, "hook_url");
	buf_printf(&b, "%s/hooks/%llu", a->public_url, id);
	json_out_string(o, has(manifest, "webhook") ? buf_str(&b) : STR_NONE);
	buf_reset(&b);
	json_out_key(o, "snippet");
	buf_printf(&b, "<script src=\"%s/live/%llu/asset/widget.js\" data-inbox=\"%llu\" async></script>",
		   a->public_url, id, id);
	json_out_string(o, has(manifest, "live") ? buf_str(&b) : STR_NONE);
	buf_fini(&b);
}

void encode_inbox(struct api *a, struct json_out *o, const struct inbox_record *in, bool for_admin)
{
	json_out_map(o);
	json_out_key_id(o, "id", in->id);
	json_out_key_string(o, "name", in->name);
	json_out_key_string(o, "channel", in->channel);
	json_out_key_id(o, "brand", in->brand);
	json_out_key_id(o, "queue", in->queue);
	json_out_key_bool(o, "restricted", in->is_restricted);
	json_out_key_bool(o, "archived", in->is_archived);
	encode_health(a, o, in);
	if (for_admin) encode_for_admin(a, o, in);
	json_out_map_end(o);
}

void handle_inboxes(struct call *c)
{
	size_t n;
	const struct inbox_record *list = directory_inboxes(c->api->o.directory, &n);
	bool for_admin = call_is_admin(c);
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "inboxes");
	json_out_list(o);
	for (size_t i = 0; i < n; i++)
		encode_inbox(c->api, o, &list[i], for_admin);
	json_out_list_end(o);
	json_out_map_end(o);
	call_end(c, 200);
}

void handle_channels(struct call *c)
{
	struct channel_info *list = arena_array(c->arena, struct channel_info, CHANNELS_MAX);
	size_t n = channels_list(c->api->o.channels, list, CHANNELS_MAX);
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "channels");
	json_out_list(o);
	for (size_t i = 0; i < n && i < CHANNELS_MAX; i++) {
		const struct json *config = json_get(list[i].manifest, "config");
		json_out_map(o);
		json_out_key_string(o, "channel", list[i].channel);
		json_out_key_string(o, "id", list[i].id);
		json_out_key_string(o, "version", list[i].version);
		json_out_key_string(o, "name", json_string_of(list[i].manifest, "name"));
		json_out_key_bool(o, "webhook", has(list[i].manifest, "webhook"));
		json_out_key_bool(o, "live", has(list[i].manifest, "live"));
		json_out_key(o, "config");
		json_out_value(o, config ? config : json_make_null());
		json_out_map_end(o);
	}
	json_out_list_end(o);
	json_out_map_end(o);
	call_end(c, 200);
}

// ---- an inbox being written -----------------------------------------------------------------------------------------

struct writing {
	struct inbox_record in;
	const struct json *secrets;
	bool is_new, must_reopen;
};

static void answer(struct call *c)
{
	struct writing *w = c->own;
	const struct inbox_record *in = directory_inbox(c->api->o.directory, w->in.id);
	if (!in) in = &w->in;
	if (w->must_reopen && !w->is_new) channels_close_inbox(c->api->o.channels, in->id);
	if (w->must_reopen && !in->is_archived) inbox_open(c->api, in);
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "inbox");
	encode_inbox(c->api, o, in, true);
	json_out_map_end(o);
	call_end(c, w->is_new ? 201 : 200);
}

static bool read_name(struct call *c, struct writing *w)
{
	struct str name;
	if (!call_text(c, "name", w->is_new ? REQUIRED : OPTIONAL, NAME_MAX_BYTES, &name)) return false;
	if (!name.p) return true;
	w->in.name = contact_clean_name(c->arena, name);
	if (w->in.name.n) return true;
	call_fail_field(c, "name", "name holds nothing that can be seen");
	return false;
}

// A restricted inbox is seen through its queue only: without one nobody would see what comes in.
static bool read_queue(struct call *c, struct writing *w)
{
	if (call_has(c, "queue") && !call_id(c, "queue", OPTIONAL, &w->in.queue)) return false;
	if (w->in.queue && !directory_queue(c->api->o.directory, w->in.queue)) {
		call_fail_field(c, "queue", "there is no such queue");
		return false;
	}
	if (!w->in.is_restricted || w->in.queue) return true;
	call_fail_field(c, "queue", "a restricted inbox needs a queue");
	return false;
}

// Takes a config from outside: a secret that is left out stays what it was, null takes it away.
static bool read_config(struct call *c, struct writing *w)
{
	const struct json *config = json_get(c->body, "config"), *plain, *secrets, *old;
	const struct json *manifest = channels_manifest(c->api->o.channels, w->in.channel);
	struct err e = {0};
	if (!config && !w->is_new) return true;
	if (!json_is(config, JSON_MAP)) {
		call_fail_field(c, "config", "config must be an object");
		return false;
	}
	if (!manifest) {
		call_fail_field(c, "channel", "no plugin for this channel is loaded");
		return false;
	}
	// Secrets that cannot be opened any more are none: they have to be given anew.
	if (inbox_secrets_open(c->api, c->arena, w->in.id, &old)) old = NULL;
	inbox_config_split(c->arena, json_get(manifest, "config"), config, &plain, &secrets);
	w->secrets = inbox_config_drop_nulls(c->arena, inbox_config_join(c->arena, old, secrets));
	const struct json *whole = inbox_config_join(c->arena, plain, w->secrets);
	if (channels_check_config(c->api->o.channels, w->in.channel, whole, &e)) {
		call_fail_field(c, "config", "%s", e.text);
		return false;
	}
	struct buf text = {0};
	json_write(&text, plain);
	w->in.config = arena_str(c->arena, buf_str(&text));
	buf_fini(&text);
	w->must_reopen = true;
	return true;
}

static struct event inbox_event(const struct call *c, enum event_kind kind)
{
	const struct writing *w = c->own;
	struct event e = call_event(c, kind);
	e.inbox = w->in.id;
	return e;
}

// ---- a new one ------------------------------------------------------------------------------------------------------

static void add_inbox(void *arg)
{
	struct call *c = arg;
	struct writing *w = c->own;
	const struct inbox_record *in = &w->in;
	struct buf sealed = {0};
	if (inbox_secrets_seal(c->api, in->id, w->secrets, &sealed)) {
		call_fail_status(c, E_INTERNAL, NULL);
		return;
	}
	struct unit *u = unit_new(c->api->o.store);
	unit_name(u, "add inbox");
	unit_add(u, STMT_INBOX_ADD,
		 (struct db_value[]){DB_INT(in->id), DB_TEXT(in->name), DB_TEXT(in->channel), DB_INT(in->brand),
				     DB_INT_OR_NULL(in->queue), DB_INT(in->is_restricted), DB_INT(in->join),
				     DB_INT(in->reopen_window_ms), DB_TEXT(in->config), DB_BYTES(buf_str(&sealed)),
				     DB_INT(in->created_at)});
	buf_fini(&sealed);
	struct event e = inbox_event(c, EVENT_INBOX_CREATED);
	call_commit(c, u, &e, answer);
}

void handle_inbox_add(struct call *c)
{
	struct writing *w = arena_new_of(c->arena, struct writing);
	size_t n_brands;
	const struct brand *brands = directory_brands(c->api->o.directory, &n_brands);
	bool is_given;
	c->own = w;
	w->is_new = true;
	w->in = (struct inbox_record){.brand = n_brands ? brands[0].id : 0,
				      .join = JOIN_THREAD,
				      .reopen_window_ms = INBOX_REOPEN_WINDOW_MS,
				      .created_at = clock_now_ms(),
				      .version = 1};
	if (!read_name(c, w) || !call_text(c, "channel", REQUIRED, CHANNEL_NAME, &w->in.channel)) return;
	if (!call_bool(c, "restricted", &is_given, &w->in.is_restricted)) return;
	if (!read_queue(c, w) || !read_config(c, w)) return;
	w->in.id = call_new_id(c);
	if (w->in.id) call_gate(c, add_inbox);
}

// ---- a change -------------------------------------------------------------------------------------------------------

static void on_saved(int status, const struct unit_result *r, void *arg)
{
	struct call *c = arg;
	if (status == E_CONFLICT)
		call_refuse(c, 409, "conflict", "somebody else changed this inbox at the same time");
	else if (status)
		call_fail_status(c, status, r->why);
	else
		call_reload(c, answer);
}

static void save_inbox(struct call *c)
{
	struct writing *w = c->own;
	const struct inbox_record *in = &w->in;
	struct buf sealed = {0};
	struct str kept = directory_inbox_secrets(c->api->o.directory, in->id);
	if (w->secrets && inbox_secrets_seal(c->api, in->id, w->secrets, &sealed)) {
		call_fail_status(c, E_INTERNAL, NULL);
		return;
	}
	struct unit *u = unit_new(c->api->o.store);
	unit_name(u, "change inbox");
	unit_add(u, STMT_INBOX_SAVE,
		 (struct db_value[]){DB_INT(in->id), DB_INT(in->version), DB_TEXT(in->name), DB_INT_OR_NULL(in->queue),
				     DB_INT(in->is_restricted), DB_INT(in->is_archived), DB_INT(in->join),
				     DB_INT(in->reopen_window_ms), DB_TEXT(in->config),
				     DB_BYTES(w->secrets ? buf_str(&sealed) : kept)});
	buf_fini(&sealed);
	struct event e = inbox_event(c, EVENT_INBOX_CHANGED);
	act_commit(c->api->o.pipeline, u, &e, on_saved, c);
}

static void change_inbox(void *arg)
{
	struct call *c = arg;
	struct writing *w = c->own;
	const struct inbox_record *was = directory_inbox(c->api->o.directory, c->id);
	bool is_given;
	if (!was) {
		call_missing(c);
		return;
	}
	w->in = *was;
	w->in.name = arena_str(c->arena, was->name);
	w->in.channel = arena_str(c->arena, was->channel);
	w->in.config = arena_str(c->arena, was->config);
	if (!read_name(c, w) || !read_queue(c, w) || !read_config(c, w)) return;
	if (!call_bool(c, "archived", &is_given, &w->in.is_archived)) return;
	if (w->in.is_archived != was->is_archived) w->must_reopen = true;
	save_inbox(c);
}

void handle_inbox_patch(struct call *c)
{
	c->own = arena_new_of(c->arena, struct writing);
	call_gate(c, change_inbox);
}
