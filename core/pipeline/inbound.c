// SPDX-License-Identifier: Apache-2.0
// Reads a plugin's event document (schemas/plugin) into what ingest works on.
#include "inbound.h"
#include "base/clock.h"

static const struct {
	const char *type;
	enum delivery delivery;
} RECEIPTS[] = {
	{"receipt.sent", DELIVERY_ACCEPTED},
	{"receipt.delivered", DELIVERY_DELIVERED},
	{"receipt.read", DELIVERY_READ},
	{"receipt.failed", DELIVERY_FAILED},
};

// A text member: missing gives STR_NONE; too long or with a NUL is an error.
static int text(const struct json *doc, const char *key, size_t max, struct str *s_r, struct err *e)
{
	const struct json *v = json_get(doc, key);
	*s_r = STR_NONE;
	if (!v || json_is(v, JSON_NULL)) return 0;
	if (!json_is(v, JSON_STRING)) return err_set(e, E_INVALID, "%s: expected a string", key);
	*s_r = json_string(v);
	if (s_r->n > max) return err_set(e, E_INVALID, "%s: at most %zu bytes, got %zu", key, max, s_r->n);
	if (!utf8_valid_text(*s_r)) return err_set(e, E_INVALID, "%s: a NUL cannot be kept", key);
	return 0;
}

static int needed(const struct json *doc, const char *key, size_t max, struct str *s_r, struct err *e)
{
	int r = text(doc, key, max, s_r, e);
	if (!r && !s_r->n) r = err_set(e, E_INVALID, "%s: must be given", key);
	return r;
}

// RFC 3339 text, or milliseconds.
static int moment(const struct json *doc, const char *key, int64_t *ms_r, struct err *e)
{
	const struct json *v = json_get(doc, key);
	*ms_r = json_int(v, 0);
	if (!v || json_is(v, JSON_NULL) || json_is(v, JSON_INT)) return 0;
	if (clock_parse(json_string(v), ms_r))
		return err_set(e, E_INVALID, "%s: expected RFC 3339 or milliseconds", key);
	return 0;
}

// "" and "global" mean everywhere, "inbox" this inbox only, anything else is the provider's own scope. What is only
// claimed means nobody outside its thread: it must never lead to the contact whose address it is.
static struct str scope_of(struct arena *a, uint64_t inbox, struct str s, const struct inbound *in)
{
	if (in->proof == PROOF_CLAIMED)
		return arena_printf(a, "claimed:%llu:%.*s", (unsigned long long)inbox, STR_ARG(in->thread));
	if (!s.n || str_is(s, "global")) return STR("");
	if (str_is(s, "inbox")) return arena_printf(a, "inbox:%llu", (unsigned long long)inbox);
	return s;
}

static int read_sender(struct arena *a, uint64_t inbox, const struct json *doc, struct inbound *in, struct err *e)
{
	const struct json *sender = json_get(doc, "sender");
	struct str scope, proof, name;
	int r;
	if (!json_is(sender, JSON_MAP)) return err_set(e, E_INVALID, "sender: must be given");
	if ((r = needed(sender, "kind", 64, &in->kind, e)) ||
	    (r = needed(sender, "address", INBOUND_ADDRESS, &in->address, e)) ||
	    (r = text(sender, "scope", 256, &scope, e)) || (r = text(sender, "name", 4096, &name, e)) ||
	    (r = text(sender, "language", 35, &in->language, e)) || (r = text(sender, "proof", 16, &proof, e)))
		return r;
	in->name = contact_clean_name(a, name);
	in->proof = PROOF_CHANNEL;
	if (proof.n && proof_parse(proof, &in->proof)) return err_set(e, E_INVALID, "sender.proof: no such proof");
	if (in->proof == PROOF_AGENT)
		return err_set(e, E_INVALID, "sender.proof: a channel cannot give an agent's proof");
	if (!in->thread.n) in->thread = in->address;
	in->scope = scope_of(a, inbox, scope, in);
	return 0;
}

static int read_message(struct arena *a, uint64_t inbox, const struct json *doc, struct inbound *in, struct err *e)
{
	struct str author, origin;
	int r;
	if ((r = text(json_get(doc, "thread"), "external", INBOUND_ADDRESS, &in->thread, e)) ||
	    (r = read_sender(a, inbox, doc, in, e)) || (r = text(doc, "key", INBOUND_KEY, &in->key, e)) ||
	    (r = text(doc, "external_id", INBOUND_KEY, &in->external_id, e)) ||
	    (r = text(doc, "reply_to", INBOUND_KEY, &in->reply_to, e)) || (r = text(doc, "author", 16, &author, e)) ||
	    (r = text(doc, "origin", 16, &origin, e)) || (r = moment(doc, "sent_at", &in->sent_at, e)))
		return r;
	if (!in->key.n) in->key = in->external_id;
	if (author.n &&
	    (author_kind_parse(author, &in->author) || in->author == AUTHOR_AGENT || in->author == AUTHOR_BOT))
		return err_set(e, E_INVALID, "author: expected contact, device or automatic");
	if (origin.n && origin_parse(origin, &in->origin))
		return err_set(e, E_INVALID, "origin: expected live, backfill or import");
	in->parts = json_get(doc, "parts");
	if (!json_count(in->parts)) return err_set(e, E_INVALID, "parts: must be given, at least one");
	return 0;
}

// Why it failed, for a person: {"class", "code", "text"}, or a plain text.
static int read_error(const struct json *doc, struct inbound *in, struct err *e)
{
	const struct json *v = json_get(doc, "error");
	if (!json_is(v, JSON_MAP)) return text(doc, "error", INBOUND_ERROR, &in->error, e);
	int r = text(v, "text", INBOUND_ERROR, &in->error, e);
	return r || in->error.n ? r : text(v, "class", INBOUND_ERROR, &in->error, e);
}

static int read_receipt(const struct json *doc, struct inbound *in, struct err *e)
{
	int r;
	if ((r = text(doc, "key", INBOUND_KEY, &in->key, e)) ||
	    (r = text(doc, "external_id", INBOUND_KEY, &in->external_id, e)) || (r = read_error(doc, in, e)))
		return r;
	in->message = json_id_of(doc, "message");
	if (!in->message && !in->external_id.n) return err_set(e, E_INVALID, "receipt: needs external_id or message");
	return 0;
}

int inbound_read(struct arena *a, uint64_t inbox, const struct channel_event *ev, struct inbound *in_r, struct err *e)
{
	*in_r = (struct inbound){.event = ev};
	if (!json_is(ev->doc, JSON_MAP)) return err_set(e, E_INVALID, "%.*s: expected a map", STR_ARG(ev->type));
	if (str_is(ev->type, "message.in")) {
		in_r->type = INBOUND_MESSAGE;
		return read_message(a, inbox, ev->doc, in_r, e);
	}
	for (size_t i = 0; i < ARRAY_LEN(RECEIPTS); i++) {
		if (!str_is(ev->type, RECEIPTS[i].type)) continue;
		in_r->type = INBOUND_RECEIPT;
		in_r->delivery = RECEIPTS[i].delivery;
		return read_receipt(ev->doc, in_r, e);
	}
	return err_set(e, E_UNSUPPORTED, "%.*s: no event that this server keeps", STR_ARG(ev->type));
}

void inbound_park(struct inbound *in, struct arena *a, struct str why)
{
	*in = (struct inbound){.type = INBOUND_PARKED, .event = in->event, .why = arena_str(a, why)};
}
