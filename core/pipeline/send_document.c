// SPDX-License-Identifier: Apache-2.0
// The document that a plugin gets with message.send: what schemas/plugin/message.json says, customer-visible things
// only.
#include "outbox_send.h"
#include "base/clock.h"

static const struct json *str_value(struct arena *a, struct str s)
{
	return s.p ? json_make_string(a, s) : json_make_null();
}

static const struct json *id_value(struct arena *a, uint64_t id)
{
	return json_make_string(a, arena_printf(a, "%llu", (unsigned long long)id));
}

// As the plugin gave it.
static struct str scope_of(struct arena *a, const struct known_thread *t)
{
	if (!t->scope.n) return STR("global");
	struct str own = arena_printf(a, "inbox:%llu", (unsigned long long)t->inbox);
	return str_eq(t->scope, own) ? STR("inbox") : t->scope;
}

static const struct json *recipient_of(struct arena *a, const struct known_thread *t)
{
	struct json_builder *b = json_build_map(a);
	json_put(b, STR("kind"), str_value(a, t->kind));
	json_put(b, STR("scope"), str_value(a, scope_of(a, t)));
	json_put(b, STR("address"), str_value(a, t->address));
	json_put(b, STR("name"), str_value(a, t->name));
	return json_build(b);
}

static const struct json *author_of(struct pipeline *p, struct arena *a, const struct message *m)
{
	const struct user *u = m->author == AUTHOR_AGENT ? directory_user(p->directory, m->author_id) : NULL;
	struct json_builder *b = json_build_map(a);
	json_put(b, STR("kind"), str_value(a, str_of(author_kind_name(m->author))));
	json_put(b, STR("name"), u ? str_value(a, u->name) : json_make_null());
	return json_build(b);
}

// Our media parts name a "file"; the ABI calls it "media".
static const struct json *part_of(struct arena *a, const struct json *part)
{
	if (!str_is(json_string_of(part, "type"), "media")) return part;
	struct json_builder *b = json_build_map(a);
	json_put(b, STR("type"), json_make_string(a, STR("media")));
	json_put(b, STR("media"), json_get(part, "file"));
	json_put(b, STR("name"), json_get(part, "name"));
	json_put(b, STR("mime"), json_get(part, "mime"));
	json_put(b, STR("bytes"), json_get(part, "bytes"));
	if (json_get(part, "caption")) json_put(b, STR("caption"), json_get(part, "caption"));
	return json_build(b);
}

const struct json *send_document(struct pipeline *p, struct arena *a, const struct message *m,
				 const struct known_thread *t, const struct json *parts)
{
	struct json_builder *list = json_build_list(a), *thread = json_build_map(a), *doc = json_build_map(a);
	char at[CLOCK_TEXT_MAX];
	size_t n = clock_format(m->received_at, at);
	for (size_t i = 0; i < json_count(parts); i++)
		json_push(list, part_of(a, json_at(parts, i)));
	json_put(thread, STR("external"), str_value(a, t->external));
	json_put(doc, STR("message"), id_value(a, m->id));
	json_put(doc, STR("key"), json_make_string(a, arena_printf(a, "beseda-%llu", (unsigned long long)m->id)));
	json_put(doc, STR("thread"), json_build(thread));
	json_put(doc, STR("recipient"), recipient_of(a, t));
	json_put(doc, STR("author"), author_of(p, a, m));
	json_put(doc, STR("audience"), json_make_string(a, STR("private")));
	json_put(doc, STR("sent_at"), json_make_string(a, (struct str){at, n}));
	json_put(doc, STR("parts"), json_build(list));
	return json_build(doc);
}
