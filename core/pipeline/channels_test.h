// SPDX-License-Identifier: Apache-2.0
// Tests: a channel host that sends nowhere: it remembers what it was given and answers as it is told.
#pragma once
#include "channel/channel.h"

struct test_send {
	uint64_t inbox, message;
	int attempt;
	char doc[2000], resume[200];
	bool is_answered;
	channel_sent_cb cb;
	void *arg;
};

// "echo" is a plain channel, "idem" an idempotent one, "chat" a live one.
struct channels *test_channels_new(struct loop *l);
void test_channels_free(struct channels **c);
// Sends are answered by themselves with ACCEPTED and the id "out-<message>"; off: by test_send_answer.
void test_channels_auto(struct channels *c, bool is_on);
// What the next sends are answered with by themselves, in this order, before it is ACCEPTED again.
void test_channels_next(struct channels *c, const struct channel_sent *r);
size_t test_sends(const struct channels *c);
struct test_send *test_send(struct channels *c, size_t i); // from the first, 0
void test_send_answer(struct channels *c, size_t i, const struct channel_sent *r);
void test_send_accept(struct channels *c, size_t i, const char *external_id);
// Somebody looks at this thread of every live inbox; NULL: nobody.
void test_channels_watch(struct channels *c, const char *thread);
size_t test_frames(const struct channels *c);
const char *test_frame(const struct channels *c, size_t i);
