// SPDX-License-Identifier: Apache-2.0
// The shapes of event documents as tables. Members that no table names are let through: the other side may be newer.
#include "event.h"
#include "base/id.h"
#include "base/mem.h"
#include "doc.h"
#include <stdio.h>

#define IS(kind) (1u << JSON_##kind)
#define PARTS_MAX 64
#define TEXT_MAX 65536

// Where in the document the check stands; written out only for an error.
struct where {
	const struct where *up;
	const char *name; // NULL: item i of a list
	size_t i;
};

// One member: what it may be, and how long. NULL values stand for "not there".
struct event_field {
	const char *name;
	uint32_t kinds;
	uint32_t max; // bytes of a string, items of a list; 0: no bound of its own
	bool is_required;
	const char *const *words;          // the only values of a string
	const struct event_fields *fields; // of a map
	int (*check)(const struct json *v, const struct where *at, struct err *e);
};
struct event_fields {
	const struct event_field *row;
	size_t n;
};
#define FIELDS(...)                                                                                                    \
	{                                                                                                              \
		.row = (const struct event_field[]){__VA_ARGS__},                                                      \
		.n = sizeof((const struct event_field[]){__VA_ARGS__}) / sizeof(struct event_field)                    \
	}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int check_fields(const struct event_fields *f, const struct json *v, const struct where *at, struct err *e);
static int check_parts(const struct json *v, const struct where *at, struct err *e);
static int check_id(const struct json *v, const struct where *at, struct err *e);
static int check_address(const struct json *v, const struct where *at, struct err *e);
static int check_error(const struct json *v, const struct where *at, struct err *e);
static int also_receipt(const struct json *doc, struct err *e);

static const struct event_fields THREAD =
	FIELDS({"external", IS(STRING), 512, true, .check = check_address},
	       {"kind", IS(STRING), .words = WORDS("direct", "group", "public", "call")}, {"name", IS(STRING), 256});

static const struct event_fields SENDER =
	FIELDS({"kind", IS(STRING), 32, true, .check = check_address},
	       {"scope", IS(STRING), 255, true, .check = check_address},
	       {"address", IS(STRING), 512, true, .check = check_address}, {"name", IS(STRING), 256},
	       {"proof", IS(STRING), .words = WORDS("claimed", "channel", "signed")}, {"language", IS(STRING), 35},
	       {"avatar", IS(STRING), 2048});

static const struct event_fields TEXT = FIELDS({"text", IS(STRING), TEXT_MAX, true},
					       {"format", IS(STRING), .words = WORDS("plain", "markdown", "html")});

static const struct event_fields MEDIA =
	FIELDS({"media", IS(STRING) | IS(INT), 20, true, .check = check_id},
	       {"kind", IS(STRING), .words = WORDS("image", "video", "audio", "voice", "file", "sticker")},
	       {"name", IS(STRING), 255}, {"mime", IS(STRING), 127}, {"caption", IS(STRING), TEXT_MAX});

static const struct event_fields ERROR =
	FIELDS({"class", IS(STRING), 32}, {"code", IS(STRING) | IS(INT), 64}, {"text", IS(STRING), 500});

static const struct event_fields OTHER = FIELDS({"fallback", IS(STRING), TEXT_MAX, true});

static const struct event_fields MESSAGE_IN =
	FIELDS({"key", IS(STRING), 255, true, .check = check_address}, {"thread", IS(MAP), 0, true, .fields = &THREAD},
	       {"sender", IS(MAP), 0, true, .fields = &SENDER},
	       {"author", IS(STRING), .words = WORDS("contact", "device", "automatic")},
	       {"origin", IS(STRING), .words = WORDS("live", "backfill", "import")}, {"sent_at", IS(INT)},
	       {"external_id", IS(STRING), 512}, {"reply_to", IS(STRING), 512},
	       {"parts", IS(LIST), PARTS_MAX, true, .check = check_parts}, {"metadata", IS(MAP)});

static const struct event_fields RECEIPT = FIELDS({"key", IS(STRING), 255}, {"external_id", IS(STRING), 512},
						  {"message", IS(STRING) | IS(INT), 20, .check = check_id},
						  {"at", IS(INT)}, {"error", IS(MAP), .check = check_error});

static const struct event_fields TYPING = FIELDS({"thread", IS(MAP), 0, true, .fields = &THREAD},
						 {"sender", IS(MAP), .fields = &SENDER}, {"on", IS(BOOL)});

static const struct event_fields INBOX_STATE =
	FIELDS({"state", IS(STRING), 0, true, .words = WORDS("ok", "reauth", "failing")}, {"why", IS(STRING), 500});

static const struct event_type TYPES[] = {
	{"message.in", EVENT_COMMITTED, &MESSAGE_IN, NULL},
	{"receipt.sent", EVENT_COMMITTED, &RECEIPT, also_receipt},
	{"receipt.delivered", EVENT_COMMITTED, &RECEIPT, also_receipt},
	{"receipt.read", EVENT_COMMITTED, &RECEIPT, also_receipt},
	{"receipt.failed", EVENT_COMMITTED, &RECEIPT, also_receipt},
	{"typing", EVENT_SIGNAL, &TYPING, NULL},
	{"inbox.state", EVENT_STATE, &INBOX_STATE, NULL},
};

const struct event_type *event_find(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(TYPES); i++)
		if (str_is(name, TYPES[i].name)) return &TYPES[i];
	return NULL;
}

static void where_write(struct buf *b, const struct where *at)
{
	if (!at) return;
	where_write(b, at->up);
	if (!at->name)
		buf_printf(b, "[%zu]", at->i);
	else
		buf_printf(b, "%s%s", b->n ? "." : "", at->name);
}

static int wrong(const struct where *at, struct err *e, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int wrong(const struct where *at, struct err *e, int code, const char *fmt, ...)
{
	struct buf text = {0};
	where_write(&text, at);
	buf_add(&text, text.n ? STR(": ") : STR("the document: "));
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	err_set(e, code, "%s", text.p);
	buf_fini(&text);
	return code;
}

// ---- what a table row cannot say --------------------------------------------------------------------------------

static int check_id(const struct json *v, const struct where *at, struct err *e)
{
	uint64_t id;
	if (json_is(v, JSON_INT) ? v->i > 0 : id_parse(json_string(v), &id) == 0) return 0;
	return wrong(at, e, E_INVALID, "is not an id");
}

// What stands in unique keys: not empty, and nothing that looks equal and is not.
static int check_address(const struct json *v, const struct where *at, struct err *e)
{
	struct str s = json_string(v);
	if (!s.n) return wrong(at, e, E_INVALID, "is empty");
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return wrong(at, e, E_INVALID, "holds a control character");
	return 0;
}

static int check_error(const struct json *v, const struct where *at, struct err *e)
{
	return check_fields(&ERROR, v, at, e);
}

static int check_part(const struct json *part, const struct where *at, struct err *e)
{
	struct str type = json_string_of(part, "type");
	if (!type.n || type.n > 32)
		return wrong(&(struct where){at, "type", 0}, e, E_INVALID, "a string of 1 to 32 bytes is wanted");
	const struct event_fields *f = str_is(type, "text") ? &TEXT : str_is(type, "media") ? &MEDIA : &OTHER;
	return check_fields(f, part, at, e);
}

static int check_parts(const struct json *v, const struct where *at, struct err *e)
{
	if (!v->n) return wrong(at, e, E_INVALID, "is empty");
	for (size_t i = 0; i < v->n; i++) {
		int r = check_part(json_at(v, i), &(struct where){at, NULL, i}, e);
		if (r) return r;
	}
	return 0;
}

static int also_receipt(const struct json *doc, struct err *e)
{
	if (json_string_of(doc, "external_id").n || json_id_of(doc, "message")) return 0;
	return err_set(e, E_INVALID, "external_id: a receipt names external_id or message");
}

// ---- the walk ---------------------------------------------------------------------------------------------------

static bool word_is_one_of(struct str s, const char *const *words)
{
	for (; *words; words++)
		if (str_is(s, *words)) return true;
	return false;
}

static int check_field(const struct event_field *f, const struct json *v, const struct where *at, struct err *e)
{
	static const char *const KINDS[] = {"null",     "true or false", "a whole number", "a number",
					    "a string", "bytes",         "a list",         "a map"};
	if (!(f->kinds & 1u << v->kind))
		return wrong(at, e, E_INVALID, "should be %s, and is %s", KINDS[__builtin_ctz(f->kinds)],
			     KINDS[v->kind]);
	bool is_counted = v->kind == JSON_STRING || v->kind == JSON_LIST;
	if (f->max && is_counted && v->n > f->max)
		return wrong(at, e, E_TOO_LARGE, "has %u %s; %u are the most", v->n,
			     v->kind == JSON_LIST ? "items" : "bytes", f->max);
	if (v->kind == JSON_INT && v->i < 0) return wrong(at, e, E_INVALID, "is negative");
	if (f->words && !word_is_one_of(json_string(v), f->words))
		return wrong(at, e, E_INVALID, "is none of the words that may stand there");
	int r = f->fields ? check_fields(f->fields, v, at, e) : 0;
	return !r && f->check ? f->check(v, at, e) : r;
}

static int check_fields(const struct event_fields *f, const struct json *v, const struct where *up, struct err *e)
{
	if (!json_is(v, JSON_MAP)) return wrong(up, e, E_INVALID, "should be a map");
	for (size_t i = 0; i < f->n; i++) {
		const struct event_field *row = &f->row[i];
		const struct json *member = json_get(v, row->name);
		bool is_there = member && member->kind != JSON_NULL;
		if (!is_there && !row->is_required) continue;
		const struct where at = {up, row->name, 0};
		int r = is_there ? check_field(row, member, &at, e) : wrong(&at, e, E_INVALID, "is missing");
		if (r) return r;
	}
	return 0;
}

int event_check(const struct event_type *t, const struct json *doc, struct err *e)
{
	struct err why = {0};
	int r = doc_check(doc, &why);
	if (!r) r = check_fields(t->fields, doc, NULL, &why);
	if (!r && t->also) r = t->also(doc, &why);
	return r ? err_set(e, r, "%s: %s", t->name, why.text) : 0;
}
