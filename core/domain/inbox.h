// SPDX-License-Identifier: Apache-2.0
// Inboxes: our accounts on channels, and the brand each speaks for.
#pragma once
#include "base/str.h"
#include "domain/conversation.h"

struct inbox_record {
	uint64_t id;
	struct str name, channel;
	uint64_t brand, queue;
	bool is_restricted, is_archived;
	enum join_rule join;
	int64_t reopen_window_ms;
	struct str config; // JSON, secrets left out
	int64_t version, created_at;
};

// 72 h for messengers.
#define INBOX_REOPEN_WINDOW_MS (72 * 3600 * 1000LL)
