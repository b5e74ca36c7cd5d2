// SPDX-License-Identifier: Apache-2.0
// The parts of a message: from what the outside gave to the list that is kept, and to the line that lists show.
#include "domain/message.h"
#include "domain/conversation.h"
#include "text.h"
#include "base/mem.h"
#include <string.h>

#define USUAL 480 // bytes of the parts that most messages have

// One list being checked and written.
struct writer {
	struct json_out out;
	size_t number; // of the part, from 1
	size_t n_text; // bytes of text so far
	part_file_fn file;
	void *arg;
	struct err *e;
};

static int refuse(struct writer *w, int code, const char *why)
{
	return err_set(w->e, code, "part %zu: %s", w->number, why);
}

// The text under key, which must be there.
static int take_text(struct writer *w, const struct json *part, const char *key, struct str *text_r)
{
	const struct json *v = json_get(part, key);
	if (!json_is(v, JSON_STRING) || !json_string(v).n)
		return err_set(w->e, E_INVALID, "part %zu: \"%s\" must be a text that is not empty", w->number, key);
	*text_r = json_string(v);
	if (!utf8_valid_text(*text_r)) return refuse(w, E_INVALID, "the text is not UTF-8, or has a NUL in it");
	if (text_r->n > MESSAGE_TEXT - w->n_text) return refuse(w, E_TOO_LARGE, "the texts are longer than 64 KiB");
	w->n_text += text_r->n;
	return 0;
}

static int write_text(struct writer *w, const struct json *part)
{
	struct str text;
	int rc = take_text(w, part, "text", &text);
	if (rc) return rc;
	json_out_key_string(&w->out, "type", STR("text"));
	json_out_key_string(&w->out, "text", text);
	return 0;
}

// A caption may be missing, null or empty: then there is none.
static int take_caption(struct writer *w, const struct json *part, struct str *caption_r)
{
	const struct json *v = json_get(part, "caption");
	*caption_r = STR_NONE;
	if (!v || json_is(v, JSON_NULL) || (json_is(v, JSON_STRING) && !json_string(v).n)) return 0;
	return take_text(w, part, "caption", caption_r);
}

static uint64_t file_of(const struct json *part)
{
	uint64_t id = json_id_of(part, "file");
	return id ? id : json_id_of(part, "media");
}

static struct str or_else(struct str s, struct str otherwise) { return s.n ? s : otherwise; }

static int write_media(struct writer *w, const struct json *part)
{
	struct str caption;
	struct part_file file = {.id = file_of(part)};
	if (!file.id) return refuse(w, E_INVALID, "\"file\" must be the id of a file");
	int rc = take_caption(w, part, &caption);
	if (rc) return rc;
	uint64_t id = file.id;
	rc = w->file ? w->file(w->arg, id, &file) : E_UNSUPPORTED;
	if (rc) return refuse(w, rc, "the file is not there, or is not yours to use");
	json_out_key_string(&w->out, "type", STR("media"));
	json_out_key_id(&w->out, "file", id);
	json_out_key_string(&w->out, "name", or_else(file.name, STR("")));
	json_out_key_string(&w->out, "mime", or_else(file.mime, STR("application/octet-stream")));
	json_out_key_int(&w->out, "bytes", file.bytes);
	if (caption.n) json_out_key_string(&w->out, "caption", caption);
	return 0;
}

// What we cannot show as it is; its fallback says what it was.
static int write_unknown(struct writer *w, const struct json *part)
{
	struct str fallback;
	int rc = take_text(w, part, "fallback", &fallback);
	if (rc) return rc;
	json_out_key_string(&w->out, "type", STR("unknown"));
	json_out_key_string(&w->out, "fallback", fallback);
	return 0;
}

static const struct {
	const char *type;
	int (*write)(struct writer *w, const struct json *part);
} part_types[] = {
	{"text", write_text},
	{"media", write_media},
};

static int write_part(struct writer *w, const struct json *part)
{
	struct str type = json_string_of(part, "type");
	if (!type.n) return refuse(w, E_INVALID, "it is not an object with a \"type\"");
	for (size_t i = 0; i < ARRAY_LEN(part_types); i++)
		if (str_is(type, part_types[i].type)) return part_types[i].write(w, part);
	return write_unknown(w, part);
}

static int write_parts(struct writer *w, const struct json *parts)
{
	json_out_list(&w->out);
	for (size_t i = 0; i < json_count(parts); i++) {
		w->number = i + 1;
		json_out_map(&w->out);
		int rc = write_part(w, json_at(parts, i));
		if (rc) return rc;
		json_out_map_end(&w->out);
	}
	json_out_list_end(&w->out);
	return 0;
}

int message_parts(struct arena *a, const struct json *parts, part_file_fn file, void *arg, struct str *json_r,
		  struct err *e)
{
	if (!json_is(parts, JSON_LIST) || !json_count(parts))
		return err_set(e, E_INVALID, "parts must be a list with at least one part");
	if (json_count(parts) > MESSAGE_PARTS)
		return err_set(e, E_TOO_LARGE, "more than %d parts in one message", MESSAGE_PARTS);
	struct buf b = {0};
	buf_reserve(&b, USUAL);
	struct writer w = {.out = json_out_init(&b), .file = file, .arg = arg, .e = e};
	int rc = write_parts(&w, parts);
	if (!rc) *json_r = arena_str(a, buf_str(&b));
	buf_fini(&b);
	return rc;
}

bool message_is_blank(const struct json *parts)
{
	char line[256];
	for (size_t i = 0; i < json_count(parts); i++) {
		const struct json *part = json_at(parts, i);
		if (!str_is(json_string_of(part, "type"), "text")) return false;
		if (text_line(line, sizeof line, json_string_of(part, "text"))) return false;
	}
	return true;
}

static bool is_type(const struct json *part, const char *type) { return str_is(json_string_of(part, "type"), type); }

size_t message_part_files(const struct json *parts, uint64_t *ids_r, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; json_is(parts, JSON_LIST) && i < json_count(parts); i++) {
		const struct json *part = json_at(parts, i);
		uint64_t id = is_type(part, "media") ? file_of(part) : 0;
		if (!id) continue;
		if (n < max) ids_r[n] = id;
		n++;
	}
	return n;
}

// What a person wrote in this part, as one line.
static size_t words_of(const struct json *part, char line_r[CONVERSATION_PREVIEW])
{
	const char *key = is_type(part, "text") ? "text" : is_type(part, "media") ? "caption" : NULL;
	return key ? text_line(line_r, CONVERSATION_PREVIEW, json_string_of(part, key)) : 0;
}

// A word for a part that nobody wrote words in.
static size_t label_of(const struct json *part, char line_r[CONVERSATION_PREVIEW])
{
	if (!is_type(part, "media")) return text_line(line_r, CONVERSATION_PREVIEW, json_string_of(part, "fallback"));
	size_t n = text_line(line_r + 1, CONVERSATION_PREVIEW - 2, json_string_of(part, "name"));
	if (!n) n = text_line(line_r + 1, CONVERSATION_PREVIEW - 2, STR("file"));
	line_r[0] = '[';
	line_r[n + 1] = ']';
	return n + 2;
}

struct str message_preview(struct arena *a, const struct json *parts)
{
	static size_t (*const readers[])(const struct json *part, char line_r[CONVERSATION_PREVIEW]) = {words_of,
													label_of};
	char line[CONVERSATION_PREVIEW];
	for (size_t r = 0; r < ARRAY_LEN(readers); r++) {
		for (size_t i = 0; json_is(parts, JSON_LIST) && i < json_count(parts); i++) {
			size_t n = readers[r](json_at(parts, i), line);
			if (n) return arena_str(a, (struct str){line, n});
		}
	}
	return STR("");
}
