// SPDX-License-Identifier: Apache-2.0
// The way to a conversation: whoever may not see it is told what somebody is told who asks for one that is not there.
#include "inside.h"
#include "base/mem.h"

struct looking {
	struct call *call;
	visible_cb next;
};

static void on_conversation(int status, const struct db_rows *rows, const struct err *why, void *arg)
{
	struct looking *l = arg;
	struct conversation conversation;
	if (status) {
		call_fail_status(l->call, status, why);
		return;
	}
	if (rows->n_rows) {
		conversation_of_row(rows, 0, 0, &conversation);
		struct access_set set = access_set_of(&conversation);
		if (access_may_see(&l->call->access, &set)) {
			l->next(l->call, &conversation, db_str(rows, 0, CONVERSATION_COLS));
			return;
		}
	}
	call_missing(l->call);
}

void call_conversation(struct call *c, uint64_t id, visible_cb next)
{
	struct looking *l = arena_new_of(c->arena, struct looking);
	*l = (struct looking){c, next};
	store_read(c->api->o.store, STMT_CONVERSATION, (struct db_value[]){DB_INT(id)}, on_conversation, l);
}

bool event_is_visible(struct api *a, const struct access *access, const struct event *e, const struct conversation *c)
{
	const struct inbox_record *in = e->conversation ? NULL : directory_inbox(a->o.directory, e->inbox);
	if (e->conversation && !c) return false;
	if (!e->conversation && !in) return true; // about people, or a contact: ids only
	struct access_set set =
		in ? (struct access_set){.queue = in->queue, .restricted = in->is_restricted ? in->id : 0}
		   : access_set_of(c);
	return access_may_see(access, &set);
}
