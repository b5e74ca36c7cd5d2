// SPDX-License-Identifier: Apache-2.0
// Messages: an agent's reply or note, and one that goes out again.
#include "inside.h"
#include "base/mem.h"

#define PARTS_MAX 16

static void answer(struct call *c, int http_status, const struct message *m, int64_t seq)
{
	struct json_out *o = call_open(c);
	json_out_map(o);
	json_out_key(o, "message");
	encode_message(c->api, o, m, STR_NONE);
	encode_seq(o, "seq", seq);
	json_out_map_end(o);
	call_end(c, http_status);
}

static void on_sent(int status, const struct conversation *conversation, const struct message *m, int64_t seq,
		    const struct err *why, void *arg)
{
	if (status)
		call_fail_status(arg, status, why);
	else
		answer(arg, 201, m, seq);
}

// What needs no look at the conversation. false: the call has ended.
static bool read_reply(struct call *c, struct act_reply *r)
{
	struct str audience;
	if (!call_text(c, "key", REQUIRED, MESSAGE_KEY, &r->key)) return false;
	if (!call_text(c, "audience", OPTIONAL, 20, &audience)) return false;
	if (!call_id(c, "reply_to", OPTIONAL, &r->reply_to)) return false;
	r->parts = json_get(c->body, "parts");
	if (!message_key_is_valid(r->key))
		call_fail_field(c, "key", "key must be 8 to 64 of A-Z, a-z, 0-9, _ and -");
	else if (audience.p && !str_is(audience, "customer") && !str_is(audience, "internal"))
		call_fail_field(c, "audience", "audience must be customer or internal");
	else if (!json_is(r->parts, JSON_LIST) || !json_count(r->parts) || json_count(r->parts) > PARTS_MAX)
		call_fail_field(c, "parts", "parts must be a list of 1 to %d parts", PARTS_MAX);
	else {
		r->audience = str_is(audience, "internal") ? AUDIENCE_INTERNAL : AUDIENCE_CUSTOMER;
		return true;
	}
	return false;
}

void handle_send(struct call *c)
{
	struct act_reply r = {.act = {.user = c->session.user, .conversation = c->id}};
	if (read_reply(c, &r)) act_reply(c->api->o.pipeline, &r, on_sent, c);
}

static void on_resent(int status, const struct conversation *conversation, const struct message *m, int64_t seq,
		      const struct err *why, void *arg)
{
	if (status)
		call_fail_status(arg, status, why);
	else
		answer(arg, 200, m, seq);
}

void handle_resend(struct call *c)
{
	struct act act = {.user = c->session.user};
	act_resend(c->api->o.pipeline, &act, c->id, on_resent, c);
}
