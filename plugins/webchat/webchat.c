// SPDX-License-Identifier: Apache-2.0
// The web chat: customers connect to us from a widget on a web page. Sockets, polls, uploads, replay and limits are the
// server's live endpoint; this plugin decides who a visitor is, and turns their frames into events.
#include "beseda/plugin.h"
#include <stdlib.h>
#include <string.h>

// clang-format off
#define JSON(...) #__VA_ARGS__
static const char MANIFEST[] = JSON({
	"name": "Web chat",
	"description": "A chat window for your web pages.",
	"labels": {"uk": {"name": "Чат на сайті"}, "bg": {"name": "Чат на сайта"}, "ru": {"name": "Чат на сайте"}},
	"vendor": "Beseda",
	"licence": "Apache-2.0",
	"verbs": ["live.hello", "live.frame"],
	"identities": [{"kind": "visitor", "scope": "inbox"}],
	"capabilities": {
		"text": {"level": "full", "max": 8000, "unit": "characters"},
		"media": {"level": "full", "max_bytes": 10485760},
		"typing": {"level": "full"}
	},
	"live": {"frame_bytes": 65536, "upload_bytes": 10485760, "burst": 20, "per_second": 2},
	"config": {
		"type": "object",
		"properties": {
			"title": {
				"type": "string", "maxLength": 60, "default": "Chat", "public": true, "order": 1,
				"title": "Title of the window"
			},
			"subtitle": {"type": "string", "maxLength": 120, "public": true, "order": 2, "title": "Below the title"},
			"color": {
				"type": "string", "maxLength": 20, "default": "#2563eb", "public": true, "order": 3,
				"title": "Colour", "help": "As CSS writes it: #2563eb."
			},
			"position": {
				"type": "string", "enum": ["right", "left"], "default": "right", "public": true, "order": 4,
				"title": "Corner of the page"
			},
			"greeting": {
				"type": "object", "public": true, "order": 5, "title": "Greeting",
				"help": "What a visitor reads first, by language.",
				"properties": {
					"en": {"type": "string", "maxLength": 300, "title": "English"},
					"uk": {"type": "string", "maxLength": 300, "title": "Українська"},
					"bg": {"type": "string", "maxLength": 300, "title": "Български"},
					"ru": {"type": "string", "maxLength": 300, "title": "Русский"}
				}
			},
			"origins": {
				"type": "array", "maxItems": 100, "items": {"type": "string", "format": "uri"}, "order": 6,
				"title": "Web sites that may show it",
				"help": "https://shop.example or https://*.shop.example; with none, every site may."
			}
		}
	}
});
// clang-format on

static const struct beseda_host *H;
static const struct beseda_doc_v1 *D;

static int32_t webchat_init(const struct beseda_host *h)
{
	H = h;
	D = h->ext(h, BESEDA_DOC_V1);
	return D ? 0 : -1;
}

// An inbox has no state of its own: who is here is the server's business.
static int32_t webchat_open(uint64_t inbox, beseda_doc config, beseda_doc state, void **self_r)
{
	(void)inbox;
	(void)config;
	(void)state;
	*self_r = NULL;
	return 0;
}

static void webchat_close(void *self) { (void)self; }

// ---- hello: who is it? ------------------------------------------------------------------------------------------

static void welcome(uint64_t op, struct beseda_str address)
{
	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	D->put_string(H, b, "address", address);
	D->put_string(H, b, "proof", beseda_str("channel"));
	D->end(H, b);
	H->complete(H, op, BESEDA_OK, D->done(H, b));
}

// A visitor with a token of ours is who they were. Anybody else gets an address that nobody can guess.
static void do_hello(const struct beseda_op *op)
{
	struct beseda_str known = D->string(H, op->doc, "/token/address");
	if (known.p) {
		welcome(op->id, known);
		return;
	}
	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	D->put_integer(H, b, "bytes", 16);
	D->put_string(H, b, "encoding", beseda_str("base64url"));
	D->end(H, b);
	if (!H->call(H, op->id, "crypto.random", D->done(H, b), 0, op->id)) H->complete(H, op->id, BESEDA_TRANSIENT, 0);
}

static void webchat_answer(void *self, const struct beseda_answer *a)
{
	(void)self;
	if (a->error)
		H->complete(H, a->tag, a->error, a->doc);
	else
		welcome(a->tag, D->string(H, a->doc, "/value"));
}

// ---- frames: what do they say? ----------------------------------------------------------------------------------

static void put_thread_and_sender(beseda_build b, beseda_doc doc)
{
	D->map(H, b, "thread");
	D->put_string(H, b, "external", D->string(H, doc, "/thread"));
	D->put_string(H, b, "kind", beseda_str("direct"));
	D->end(H, b);
	D->map(H, b, "sender");
	D->put_string(H, b, "kind", beseda_str("visitor"));
	D->put_string(H, b, "scope", beseda_str("inbox"));
	D->put_string(H, b, "address", D->string(H, doc, "/address"));
	D->put_string(H, b, "name", D->string(H, doc, "/name"));
	D->put_string(H, b, "proof", beseda_str("channel"));
	D->put_string(H, b, "language", D->string(H, doc, "/language"));
	D->end(H, b);
}

// The server has checked the frame: its parts are texts and files that this visitor has uploaded. Only what we know is
// passed on, not what else a client may have written there.
static void put_parts(beseda_build b, beseda_doc doc)
{
	D->list(H, b, "parts");
	for (uint64_t i = 0, n = D->count(H, doc, "/frame/parts"); i < n; i++) {
		beseda_doc part = D->item(H, doc, "/frame/parts", i);
		D->map(H, b, NULL);
		D->put_string(H, b, "type", D->string(H, part, "/type"));
		D->put_string(H, b, "text", D->string(H, part, "/text"));
		D->put_doc(H, b, "media", D->at(H, part, "/media"));
		D->end(H, b);
	}
	D->end(H, b);
}

static void do_frame(const struct beseda_op *op)
{
	struct beseda_str type = D->string(H, op->doc, "/frame/type");
	beseda_build b = D->build(H);
	D->map(H, b, NULL);
	put_thread_and_sender(b, op->doc);
	if (!strcmp(type.p, "message")) {
		// The client's own key: what it sends again after a broken connection counts once.
		D->put_string(H, b, "key", D->string(H, op->doc, "/frame/key"));
		put_parts(b, op->doc);
		D->end(H, b);
		H->emit(H, op->id, "message.in", D->done(H, b));
	} else if (!strcmp(type.p, "typing")) {
		D->end(H, b);
		H->emit(H, op->id, "typing", D->done(H, b));
	}
	H->complete(H, op->id, BESEDA_OK, 0);
}

static void webchat_op(void *self, const struct beseda_op *op)
{
	(void)self;
	if (!strcmp(op->verb, "live.hello"))
		do_hello(op);
	else if (!strcmp(op->verb, "live.frame"))
		do_frame(op);
	else
		H->complete(H, op->id, BESEDA_UNSUPPORTED, 0);
}

static const struct beseda_plugin PLUGIN = {
	.size = sizeof PLUGIN,
	.abi = BESEDA_ABI,
	.id = "org.beseda.webchat",
	.version = "1.0.0",
	.manifest = MANIFEST,
	.init = webchat_init,
	.open = webchat_open,
	.op = webchat_op,
	.answer = webchat_answer,
	.close = webchat_close,
};

const struct beseda_plugin *beseda_plugin_v1(void) { return &PLUGIN; }
