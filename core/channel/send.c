// SPDX-License-Identifier: Apache-2.0
// message.send: from the outbox to the plugin, and the three ends: accepted, failed, unknown.
#include "base/log.h"
#include "base/mem.h"
#include "host.h"
#include <stdio.h>

struct sending {
	channel_sent_cb cb;
	void *arg;
	struct channel_sent now; // what is known without asking the plugin
};

// How the other ends of an op look to the outbox.
static struct channel_sent sent_of(const struct op_end *end)
{
	struct channel_sent r = {.outcome = CHANNEL_FAILED,
				 .never_begun = end->status && !end->was_begun,
				 .scope = CHANNEL_SCOPE_INBOX,
				 .text = end->text};
	if (end->status && !end->was_begun) {
		r.class_ = end->status == E_UNSUPPORTED ? CHANNEL_UNSUPPORTED : CHANNEL_TRANSIENT;
		return r;
	}
	switch (end->status) {
	case 0:
		r.outcome = CHANNEL_ACCEPTED;
		r.scope = CHANNEL_SCOPE_MESSAGE;
		r.external_ids = json_get(end->doc, "external_ids");
		break;
	case E_REMOTE:
		r.outcome = end->class_ == CHANNEL_UNCERTAIN ? CHANNEL_UNKNOWN : CHANNEL_FAILED;
		r.class_ = end->class_;
		r.scope = end->scope;
		r.retry_after_ms = end->retry_after_ms;
		r.external_ids = json_get(end->doc, "external_ids");
		r.resume = json_get(end->doc, "resume");
		break;
	default:
		/* a deadline, or a commit that failed after the plugin had sent: nobody knows */
		r.outcome = CHANNEL_UNKNOWN;
		r.class_ = CHANNEL_UNCERTAIN;
		r.scope = CHANNEL_SCOPE_MESSAGE;
		break;
	}
	if (!json_is(r.external_ids, JSON_LIST)) r.external_ids = NULL;
	return r;
}

static void sending_ended(const struct op_end *end, void *arg)
{
	struct sending *s = arg;
	struct channel_sent r = sent_of(end);
	s->cb(&r, s->arg);
	mem_free(s);
}

static void send_now(void *arg)
{
	struct sending *s = arg;
	s->cb(&s->now, s->arg);
	mem_free(s);
}

static void answer_at_once(struct channels *c, struct sending *s, enum channel_outcome outcome,
			   enum channel_class class_, struct str text)
{
	s->now = (struct channel_sent){
		.outcome = outcome,
		.never_begun = outcome == CHANNEL_FAILED,
		.class_ = class_,
		.scope = outcome == CHANNEL_ACCEPTED ? CHANNEL_SCOPE_MESSAGE : CHANNEL_SCOPE_INBOX,
		.text = text,
	};
	loop_defer(c->loop, send_now, s);
}

void channels_send(struct channels *c, const struct channel_send *send, channel_sent_cb cb, void *arg)
{
	struct sending *s = mem_new(struct sending);
	s->cb = cb;
	s->arg = arg;
	struct inbox *in = channels_inbox(c, send->inbox);
	if (!in || in->state == INBOX_FAILED) {
		answer_at_once(c, s, CHANNEL_FAILED, CHANNEL_CONFIG,
			       STR("the inbox is not open; look at its settings"));
		return;
	}
	if (in->plugin->manifest.has_live) {
		/* its customers connect to us: what is committed has arrived */
		answer_at_once(c, s, CHANNEL_ACCEPTED, CHANNEL_NONE, STR_NONE);
		return;
	}
	char key[40];
	int n = snprintf(key, sizeof key, "beseda-%llu", (unsigned long long)send->message);
	const struct op_ask ask = {
		.verb = "message.send",
		.doc = send->doc,
		.resume = send->resume,
		.key = {key, (size_t)n},
		.attempt = send->attempt,
		.deadline_ms = send->deadline_ms,
	};
	if (!op_start(in, &ask, sending_ended, s))
		answer_at_once(c, s, CHANNEL_FAILED, CHANNEL_TRANSIENT, STR("too much is waiting for this channel"));
}
