// SPDX-License-Identifier: Apache-2.0
// The echo channel: the smallest plugin that does everything a chat channel must. Start yours from it.
//
// Its "provider" is any program that speaks two small JSON documents over HTTP:
//
//   provider → us   POST /hooks/<inbox>   {"messages":[{"id","from","name"?,"text","thread"?,"at"?}…]}   or one of them
//   alone
//                                         {"receipts":[{"id"|"key","state":"delivered|read|failed"}…]}
//   us → provider   POST <send_url>       {"to","thread","text","key"}                 answer: {"id":"…"}
//
// How a plugin works, in three sentences. The server calls `op` with a verb ("somebody posted to your hook", "send this
// message"); the plugin emits events, calls services (HTTP, timers, storage …), and says `complete` when the verb is
// done. Nothing here waits: a service answers later, in `answer`. What is emitted becomes durable together with the op
// that caused it, and only then does the provider get its "200 OK".
#include "beseda/plugin.h"
#include <stdlib.h>
#include <string.h>

// ---- what the server knows of us --------------------------------------------------------------------------------

// Read by the server before any of our code runs. "verify" is why no signature is checked in this file: the server does
// it, on the raw bytes, with the first recipe whose secret the admin has filled in. "config" becomes the form that
// admins see. JSON() makes a string of what stands in it, so that it can be written here as it is.
// clang-format off
#define JSON(...) #__VA_ARGS__
static const char MANIFEST[] = JSON({
	"name": "Echo",
	"description": "Messages from and to any program that speaks HTTP and JSON.",
	"labels": {"uk": {"name": "Ехо"}, "bg": {"name": "Ехо"}, "ru": {"name": "Эхо"}},
	"vendor": "Beseda",
	"licence": "Apache-2.0",
	"verbs": ["webhook.request", "message.send"],
	"identities": [{"kind": "echo", "scope": "inbox"}],
	"send": "idempotent",
	"capabilities": {
		"text": {"level": "full", "max": 4096, "unit": "characters"},
		"media": {"level": "rejected"},
		"reply_to": {"level": "dropped"},
		"edit": {"level": "rejected"},
		"delete": {"level": "rejected"},
		"receipts": ["delivered", "read", "failed"]
	},
	"webhook": {
		"methods": ["POST"],
		"max_bytes": 1048576,
		"body": "json",
		"deadline_ms": 10000,
		"verify": [
			{"type": "hmac", "secret": "verify.hmac_key", "header": "X-Echo-Signature", "prefix": "sha256="},
			{"type": "token", "secret": "verify.token", "header": "X-Echo-Token"}
		]
	},
	"config": {
		"type": "object",
		"properties": {
			"verify": {
				"type": "object", "title": "Who may post", "order": 1,
				"help": "Fill in one. With none, nothing that is posted is taken.",
				"properties": {
					"token": {
						"type": "string", "secret": true, "title": "Token", "minLength": 8, "order": 1,
						"help": "Sent by the other program in the header X-Echo-Token."
					},
					"hmac_key": {
						"type": "string", "secret": true, "title": "HMAC key", "minLength": 8, "order": 2,
						"help": "Signs the body: X-Echo-Signature: sha256=<hex HMAC-SHA-256>."
					}
				}
			},
			"send_url": {"type": "string", "format": "uri", "title": "Where our messages go", "order": 2},
			"timeout": {
				"type": "integer", "minimum": 1, "maximum": 60, "default": 15,
				"title": "Seconds to wait for an answer", "order": 3
			}
		}
	}
});
// clang-format on

// ---- our side of the server -------------------------------------------------------------------------------------

// Given to init, valid as long as the process lives. The same for all inboxes.
static const struct beseda_host *H;
static const struct beseda_doc_v1 *D;

// One inbox: one connected account. `open` makes it; every callback gets it back.
struct echo {
	uint64_t inbox;
	beseda_doc config; // kept
};

static int32_t echo_init(const struct beseda_host *h)
{
	H = h;
	D = h->ext(h, BESEDA_DOC_V1);
	return D ? 0 : -1; // a server without documents is none of ours
}

static int32_t echo_open(uint64_t inbox, beseda_doc config, beseda_doc state, void **self_r)
{
	(void)state; // we keep nothing from one generation of the plugin to the next
	struct echo *e = calloc(1, sizeof *e);
	if (!e) return BESEDA_TRANSIENT;
	e->inbox = inbox;
	e->config = D->keep(H, config); // else it would be gone when this function returns
	*self_r = e;
	return 0;
}

static void echo_close(void *self)
{
	struct echo *e = self;
	D->drop(H, e->config);
	free(e);
}

// ---- words ------------------------------------------------------------------------------------------------------

// {"text":"…"}: what a person should read when something failed.
static beseda_doc text_doc(const char *text)
{
	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	D->put_string(H, b, "text", beseda_str(text));
	D->end(H, b);
	return D->done(H, b);
}

// ---- from the provider: webhook.request -------------------------------------------------------------------------

// One message of theirs as the event `message.in` (schemas/plugin/message-in.json). The "key" is what makes a message
// that the provider posts twice (they all do, sooner or later) count once.
static int32_t emit_message(uint64_t op, beseda_doc m)
{
	struct beseda_str from = D->string(H, m, "/from"), thread = D->string(H, m, "/thread");
	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	D->put_string(H, b, "key", D->string(H, m, "/id"));
	D->put_string(H, b, "external_id", D->string(H, m, "/id"));

	// Where it was written. A provider without threads has one for each person.
	D->map(H, b, "thread");
	D->put_string(H, b, "external", thread.p ? thread : from);
	D->put_string(H, b, "kind", beseda_str("direct"));
	D->end(H, b);

	// Who wrote it. proof "channel": the provider vouches for the address.
	D->map(H, b, "sender");
	D->put_string(H, b, "kind", beseda_str("echo"));
	D->put_string(H, b, "scope", beseda_str("inbox"));
	D->put_string(H, b, "address", from);
	D->put_string(H, b, "name", D->string(H, m, "/name")); // puts nothing when there is no name
	D->put_string(H, b, "proof", beseda_str("channel"));
	D->end(H, b);

	if (D->kind(H, m, "/at") == BESEDA_INT) D->put_integer(H, b, "sent_at", D->integer(H, m, "/at", 0));

	D->list(H, b, "parts");
	D->map(H, b, NULL);
	D->put_string(H, b, "type", beseda_str("text"));
	D->put_string(H, b, "text", D->string(H, m, "/text"));
	D->end(H, b);
	D->end(H, b);

	D->end(H, b);
	return H->emit(H, op, "message.in", D->done(H, b));
}

// One receipt of theirs: about a message that we sent, named by the id they gave it or by the key that we gave it.
static int32_t emit_receipt(uint64_t op, beseda_doc r)
{
	static const char *const STATES[][2] = {
		{"delivered", "receipt.delivered"}, {"read", "receipt.read"}, {"failed", "receipt.failed"}};
	struct beseda_str state = D->string(H, r, "/state"), key = D->string(H, r, "/key");
	const char *event = NULL;
	for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++)
		if (state.p && !strcmp(state.p, STATES[i][0])) event = STATES[i][1];
	if (!event) return 0; // a state of tomorrow: nothing that we could tell anybody

	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	D->put_string(H, b, "external_id", D->string(H, r, "/id"));
	// Our key is "beseda-<number of the message>".
	if (key.p && !strncmp(key.p, "beseda-", 7)) D->put_string(H, b, "message", beseda_str(key.p + 7));
	if (D->kind(H, r, "/at") == BESEDA_INT) D->put_integer(H, b, "at", D->integer(H, r, "/at", 0));
	D->end(H, b);
	return H->emit(H, op, event, D->done(H, b));
}

// The body was verified and parsed by the server. We answer nothing: an op that is completed without a document is a
// "200". When an emit fails we need not do anything either: the server keeps what it cannot read for a person to look
// at, and the other messages of the POST go on.
static void do_webhook(const struct beseda_op *op)
{
	beseda_doc body = D->at(H, op->doc, "/body");
	if (D->string(H, body, "/from").p) {
		emit_message(op->id, body);
	} else if (D->kind(H, body, "/messages") != BESEDA_LIST && D->kind(H, body, "/receipts") != BESEDA_LIST) {
		H->complete(H, op->id, BESEDA_INVALID,
			    text_doc("expected a message with \"from\", or lists \"messages\", \"receipts\""));
		return;
	}
	for (uint64_t i = 0, n = D->count(H, body, "/messages"); i < n; i++)
		emit_message(op->id, D->item(H, body, "/messages", i));
	for (uint64_t i = 0, n = D->count(H, body, "/receipts"); i < n; i++)
		emit_receipt(op->id, D->item(H, body, "/receipts", i));
	H->complete(H, op->id, BESEDA_OK, 0);
}

// ---- to the provider: message.send ------------------------------------------------------------------------------

// The text parts, one to a line. What our capabilities do not carry the server has refused before it came here; a part
// of another type brings a fallback for people.
static char *text_of(beseda_doc message)
{
	uint64_t n = D->count(H, message, "/parts"), size = 1;
	for (int pass = 0; pass < 2; pass++) {
		char *text = pass ? malloc(size) : NULL, *at = text;
		if (pass && !text) return NULL;
		for (uint64_t i = 0; i < n; i++) {
			beseda_doc part = D->item(H, message, "/parts", i);
			struct beseda_str s = D->string(H, part, "/text");
			if (!s.p) s = D->string(H, part, "/fallback");
			if (!s.p) continue;
			if (!pass) {
				size += s.n + 1;
				continue;
			}
			if (at > text) *at++ = '\n';
			memcpy(at, s.p, s.n);
			at += s.n;
		}
		if (pass) {
			*at = 0;
			return text;
		}
	}
	return NULL;
}

// The message goes out with http.fetch. The idempotency key is the same for each attempt: a provider that has seen it
// does not deliver twice, which is what "send":"idempotent" in the manifest promises.
static void do_send(struct echo *e, const struct beseda_op *op)
{
	struct beseda_str url = D->string(H, e->config, "/send_url");
	struct beseda_str to = D->string(H, op->doc, "/recipient/address"),
			  thread = D->string(H, op->doc, "/thread/external");
	if (!url.p || !url.n) {
		H->complete(H, op->id, BESEDA_CONFIG, text_doc("send_url is not set: this inbox only receives"));
		return;
	}
	char *text = text_of(op->doc);
	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	D->put_string(H, b, "method", beseda_str("POST"));
	D->put_string(H, b, "url", url);
	D->put_integer(H, b, "timeout_ms", D->integer(H, e->config, "/timeout", 15) * 1000);
	D->map(H, b, "headers");
	D->put_string(H, b, "Idempotency-Key", beseda_str(op->key));
	// A secret stands in our config as a handle. We put the handle; the server puts the secret, and never logs it.
	D->put_doc(H, b, "X-Echo-Token", D->at(H, e->config, "/verify/token"));
	D->end(H, b);
	D->map(H, b, "json");
	D->put_string(H, b, "to", to.p ? to : thread);
	D->put_string(H, b, "thread", thread);
	D->put_string(H, b, "text", beseda_str(text));
	D->put_string(H, b, "key", beseda_str(op->key));
	D->end(H, b);
	D->end(H, b);
	free(text);
	// The tag comes back with the answer: here it is the op that the answer will complete.
	if (!H->call(H, op->id, "http.fetch", D->done(H, b), 0, op->id))
		H->complete(H, op->id, BESEDA_TRANSIENT, text_doc("the request could not be started"));
}

// What their status means for a message. Whether to try again, and when, is the server's decision: it acts on the
// class.
static uint32_t class_of_status(int64_t status)
{
	if (status / 100 == 2) return BESEDA_OK;
	switch (status) {
	case 401:
	case 403: return BESEDA_AUTH;
	case 404:
	case 410: return BESEDA_RECIPIENT_UNKNOWN;
	case 413: return BESEDA_TOO_LARGE;
	case 429: return BESEDA_THROTTLED;
	default: return status / 100 == 5 ? BESEDA_PROVIDER_DOWN : BESEDA_INVALID;
	}
}

// Retry-After in milliseconds: seconds of at most six digits; a date, or anything else, counts as not said.
static int64_t retry_ms_of(struct beseda_str s)
{
	int64_t seconds = 0;
	if (!s.n || s.n > 6) return 0;
	for (uint64_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9') return 0;
		seconds = seconds * 10 + (s.p[i] - '0');
	}
	return seconds * 1000;
}

static void send_answered(uint64_t op, const struct beseda_answer *a)
{
	// There was no answer at all: the class says whether the message can have arrived (UNCERTAIN) or cannot
	// (TRANSIENT).
	if (a->error) {
		H->complete(H, op, a->error, a->doc);
		return;
	}
	uint32_t class_ = class_of_status(D->integer(H, a->doc, "/status", 0));
	struct beseda_str id = D->string(H, a->doc, "/json/id"), retry = D->string(H, a->doc, "/headers/retry-after");
	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	if (class_) {
		D->put_string(H, b, "text", beseda_str("the other program refused the message"));
		if (retry_ms_of(retry)) D->put_integer(H, b, "retry_after_ms", retry_ms_of(retry));
	} else if (id.p) {
		// Their ids of our message, one for each part; receipts name it by them.
		D->list(H, b, "external_ids");
		D->put_string(H, b, NULL, id);
		D->end(H, b);
	}
	D->end(H, b);
	H->complete(H, op, class_, D->done(H, b));
}

// ---- callbacks --------------------------------------------------------------------------------------------------

static void echo_op(void *self, const struct beseda_op *op)
{
	if (!strcmp(op->verb, "webhook.request"))
		do_webhook(op);
	else if (!strcmp(op->verb, "message.send"))
		do_send(self, op);
	else
		H->complete(H, op->id, BESEDA_UNSUPPORTED, 0);
}

static void echo_answer(void *self, const struct beseda_answer *a)
{
	(void)self;
	send_answered(a->tag, a); // http.fetch is the only service that we call
}

static const struct beseda_plugin PLUGIN = {
	.size = sizeof PLUGIN,
	.abi = BESEDA_ABI,
	.id = "org.beseda.echo",
	.version = "1.0.0",
	.manifest = MANIFEST,
	.init = echo_init,
	.open = echo_open,
	.op = echo_op,
	.answer = echo_answer,
	.close = echo_close,
};

const struct beseda_plugin *beseda_plugin_v1(void) { return &PLUGIN; }
