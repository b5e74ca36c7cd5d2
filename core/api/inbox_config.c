// SPDX-License-Identifier: Apache-2.0
// An inbox's config on its way to and from the store: what the manifest calls secret is sealed, the rest is readable.
#include "inside.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

static bool is_secret(const struct json *property) { return json_bool_of(property, "secret", false); }

static bool is_object(const struct json *property) { return str_is(json_string_of(property, "type"), "object"); }

static void split_member(struct arena *a, const struct json *property, const struct json_member *m,
			 struct json_builder *const into[2])
{
	if (is_secret(property)) {
		json_put(into[1], m->key, m->value);
	} else if (is_object(property) && json_is(m->value, JSON_MAP)) {
		const struct json *plain, *secrets;
		inbox_config_split(a, property, m->value, &plain, &secrets);
		json_put(into[0], m->key, plain);
		if (json_count(secrets)) json_put(into[1], m->key, secrets);
	} else {
		json_put(into[0], m->key, m->value);
	}
}

void inbox_config_split(struct arena *a, const struct json *schema, const struct json *config,
			const struct json **plain_r, const struct json **secrets_r)
{
	struct json_builder *const into[2] = {json_build_map(a), json_build_map(a)};
	const struct json *properties = json_get(schema, "properties");
	for (size_t i = 0; i < json_count(config); i++) {
		const struct json_member *m = &config->members[i];
		split_member(a, json_get_str(properties, m->key), m, into);
	}
	*plain_r = json_build(into[0]);
	*secrets_r = json_build(into[1]);
}

const struct json *inbox_config_join(struct arena *a, const struct json *under, const struct json *over)
{
	struct json_builder *b = json_build_map(a);
	for (size_t i = 0; i < json_count(under); i++)
		json_put(b, under->members[i].key, under->members[i].value);
	for (size_t i = 0; i < json_count(over); i++) {
		const struct json_member *m = &over->members[i];
		const struct json *below = json_get_str(under, m->key);
		bool is_both = json_is(m->value, JSON_MAP) && json_is(below, JSON_MAP);
		json_put(b, m->key, is_both ? inbox_config_join(a, below, m->value) : m->value);
	}
	return json_build(b);
}

const struct json *inbox_config_drop_nulls(struct arena *a, const struct json *map)
{
	struct json_builder *b = json_build_map(a);
	for (size_t i = 0; i < json_count(map); i++) {
		const struct json_member *m = &map->members[i];
		if (json_is(m->value, JSON_NULL)) continue;
		json_put(b, m->key, json_is(m->value, JSON_MAP) ? inbox_config_drop_nulls(a, m->value) : m->value);
	}
	return json_build(b);
}

#define ABOUT 32

static struct str about(uint64_t inbox, char text[ABOUT])
{
	int n = snprintf(text, ABOUT, "inbox:%llu", (unsigned long long)inbox);
	return (struct str){text, (size_t)n};
}

int inbox_secrets_open(struct api *a, struct arena *arena, uint64_t inbox, const struct json **secrets_r)
{
	char name[ABOUT];
	struct buf text = {0};
	struct err e;
	struct str sealed = directory_inbox_secrets(a->o.directory, inbox);
	*secrets_r = json_build(json_build_map(arena));
	if (!sealed.n) return 0;
	int rc = secret_open(&text, a->inbox_key, sealed, about(inbox, name));
	if (!rc) rc = json_parse(arena, buf_str(&text), &JSON_OURS, secrets_r, &e);
	if (text.p) mem_wipe(text.p, text.n);
	buf_fini(&text);
	return rc;
}

int inbox_secrets_seal(struct api *a, uint64_t inbox, const struct json *secrets, struct buf *sealed)
{
	char name[ABOUT];
	struct buf text = {0};
	if (!json_count(secrets)) return 0;
	json_write(&text, secrets);
	int rc = secret_seal(sealed, a->inbox_key, buf_str(&text), about(inbox, name));
	mem_wipe(text.p, text.n);
	buf_fini(&text);
	return rc;
}

// ---- open inboxes ---------------------------------------------------------------------------------------------------

const struct inbox_health *inbox_health(const struct api *a, uint64_t inbox) { return map_get(a->inbox_states, inbox); }

static void on_told(int status, const struct unit_result *r, void *arg) { api_leave(arg); }

// So that open pages ask again.
static void tell_pages(struct api *a, uint64_t inbox)
{
	struct event e = {
		.kind = EVENT_INBOX_STATE, .at_ms = clock_now_ms(), .actor = {ACTOR_PLUGIN, 0}, .inbox = inbox};
	struct unit *u = unit_new(a->o.store);
	unit_name(u, "inbox state");
	api_enter(a);
	act_commit(a->o.pipeline, u, &e, on_told, a);
}

// True: that is something else than before.
static bool note_state(struct api *a, uint64_t inbox, struct str state, struct str why)
{
	struct inbox_health *h = map_get(a->inbox_states, inbox);
	bool is_news = h ? !str_is(state, h->state) : !str_is(state, "ok");
	if (!h) {
		h = mem_new(struct inbox_health);
		map_put(a->inbox_states, inbox, h);
	}
	snprintf(h->state, sizeof h->state, "%.*s", STR_ARG(utf8_cut(state, sizeof h->state - 1)));
	snprintf(h->why, sizeof h->why, "%.*s", STR_ARG(utf8_cut(why, sizeof h->why - 1)));
	return is_news;
}

void api_inbox_state(struct api *a, uint64_t inbox, struct str state, struct str why)
{
	if (note_state(a, inbox, state, why) && !a->is_closing) tell_pages(a, inbox);
}

static int open_inbox(struct api *a, const struct inbox_record *in, struct err *e)
{
	struct arena *arena = arena_new(0);
	const struct json *plain, *secrets;
	int rc = inbox_secrets_open(a, arena, in->id, &secrets);
	if (rc)
		err_set(e, rc, "its secrets were sealed with another key: enter them again");
	else if (!(rc = json_parse(arena, in->config, &JSON_OURS, &plain, e)))
		rc = channels_open_inbox(a->o.channels, in->id, in->channel, inbox_config_join(arena, plain, secrets),
					 e);
	arena_free(&arena);
	return rc;
}

void inbox_open(struct api *a, const struct inbox_record *in)
{
	struct err e = {0};
	char who[ABOUT];
	note_state(a, in->id, STR("ok"), STR("")); // it says so when it is not
	int rc = open_inbox(a, in, &e);
	if (!rc) return;
	snprintf(who, sizeof who, "inbox %llu", (unsigned long long)in->id);
	log_warn(who, "cannot be opened: %s", e.text[0] ? e.text : err_text(rc));
	api_inbox_state(a, in->id, STR("failing"), str_of(e.text));
}

void api_open_inboxes(struct api *a)
{
	size_t n;
	const struct inbox_record *list = directory_inboxes(a->o.directory, &n);
	for (size_t i = 0; i < n; i++)
		if (!list[i].is_archived) inbox_open(a, &list[i]);
}
