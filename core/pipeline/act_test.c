// SPDX-License-Identifier: Apache-2.0
// What people do: reply, note, assign, set a state, name a contact; each once, and only where they may see.
#include "world_test.h"
#include <string.h>

#define TEXT(t) "[{\"type\":\"text\",\"text\":\"" t "\"}]"

static uint64_t begin_named(uint64_t inbox)
{
	assert_int_equal(say(&(struct says){.inbox = inbox, .name = "Olha"}), 0);
	return conversation_of(inbox, "tel:1");
}

static struct acted *replied(uint64_t user, uint64_t conversation, const char *key, const char *parts)
{
	static struct acted a;
	reply_go(&a, user, conversation, key, parts);
	settle();
	return &a;
}

// ---- reply ----------------------------------------------------------------------------------------------------------

static void test_reply(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	int64_t before = head();
	struct acted *a = replied(ANNA, id, "key-00000001", TEXT("hi"));
	assert_int_equal(a->status, 0);
	assert_int_equal(a->seq, before + 1);
	assert_int_equal(a->c.assignee, ANNA); // nobody had it
	assert_int_equal(a->c.state, CONVERSATION_WAITING);
	assert_int_equal(a->c.version, 2);
	assert_int_equal(a->m.delivery, DELIVERY_QUEUED);
	assert_string_equal(a->key, "key-00000001");
	struct conversation c = conversation_now(id);
	assert_int_equal(c.n_messages, 2);
	assert_string_equal(c.preview, "hi");
	assert_int_equal(c.preview_by, AUTHOR_AGENT);
	// Another one answers: it stays with the first.
	a = replied(BORIS, id, "key-00000002", TEXT("ho"));
	assert_int_equal(a->c.assignee, ANNA);
	assert_string_equal(events_after(before), "message.out conversation.assigned conversation.waiting receipt.sent"
						  " message.out receipt.sent");
	assert_int_equal(sql_int("SELECT count(*) FROM participant WHERE kind = 2"), 2);
}

static void test_who_takes_no_work_is_not_assigned(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	struct acted *a = replied(DORA, id, "key-00000001", TEXT("hi"));
	assert_int_equal(a->status, 0);
	assert_int_equal(a->c.assignee, 0);
}

static void test_same_key(void **state)
{
	uint64_t id = begin_named(TELEGRAM), other = begin_named(SHOP);
	struct acted a, b;
	uint64_t first = replied(ANNA, id, "key-00000001", TEXT("hi"))->m.id;
	int64_t before = head();
	reply_go(&a, ANNA, id, "key-00000001", TEXT("hi"));
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(a.m.id, first);
	assert_int_equal(a.m.delivery, DELIVERY_ACCEPTED); // as it stands now
	assert_int_equal(a.c.n_messages, 2);
	assert_int_equal(a.c.version, 2);
	assert_int_equal(head(), before);
	reply_go(&a, ANNA, other, "key-00000001", TEXT("hi"));
	settle();
	assert_int_equal(a.status, E_CONFLICT);
	// Twice at once.
	reply_go(&a, BORIS, id, "key-00000002", TEXT("ho"));
	reply_go(&b, BORIS, id, "key-00000002", TEXT("ho"));
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(b.status, 0);
	assert_int_equal(a.m.id, b.m.id);
	reply_go(&a, ANNA, id, "key-00000002", TEXT("mine")); // keys are each user's own
	settle();
	assert_int_not_equal(a.m.id, b.m.id);
	assert_int_equal(test_sends(world.channels), 3);
}

static void test_where_nothing_can_be_said(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	struct acted a;
	assert_int_equal(replied(ANNA, 4711, "key-00000001", TEXT("hi"))->status, E_MISSING);
	assert_int_equal(replied(CLARA, id, "key-00000001", TEXT("hi"))->status, E_MISSING); // not hers to see
	assert_int_equal(replied(EGOR, id, "key-00000001", TEXT("hi"))->status, E_MISSING);  // disabled
	assert_int_equal(replied(ANNA, id, "short", TEXT("hi"))->status, E_INVALID);
	assert_int_equal(replied(ANNA, id, "key-00000001", "[]")->status, E_INVALID);
	assert_int_equal(replied(ANNA, id, "key-00000001", "{}")->status, E_INVALID);
	move_go(&a, &(struct act){.user = ANNA, .conversation = id}, MOVE_CLOSE);
	settle();
	assert_int_equal(replied(ANNA, id, "key-00000001", TEXT("hi"))->status, E_CONFLICT);
	note_go(&a, ANNA, id, "key-00000002", TEXT("but a note"));
	settle();
	assert_int_equal(a.status, 0);
	move_go(&a, &(struct act){.user = ANNA, .conversation = id}, MOVE_OPEN);
	settle();
	sql("UPDATE inbox SET is_archived = 1 WHERE id = %d", TELEGRAM);
	load_directory();
	assert_int_equal(replied(ANNA, id, "key-00000001", TEXT("hi"))->status, E_INVALID);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
	assert_int_equal(sql_int("SELECT count(*) FROM message"), 2);
}

static void test_note(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	struct conversation was = conversation_now(id);
	int64_t before = head();
	struct acted a;
	note_go(&a, ANNA, id, "key-00000001", TEXT("careful"));
	settle();
	assert_int_equal(a.status, 0);
	assert_string_equal(events_after(before), "message.out");
	struct conversation c = conversation_now(id);
	assert_int_equal(c.n_messages, 2);
	assert_int_equal(c.last_at, was.last_at);
	assert_int_equal(c.last_out_at, 0);
	assert_string_equal(c.preview, "hello");
	assert_int_equal(c.assignee, 0);
	assert_int_equal(c.state, CONVERSATION_OPEN);
	assert_int_equal(sql_int("SELECT count(*) FROM outbox"), 0);
	assert_string_equal(sql("SELECT thread FROM message WHERE audience = 1"), "");
	assert_int_equal(test_sends(world.channels), 0);
}

#define MEDIA(id) "[{\"type\":\"media\",\"file\":\"" #id "\"}]"

static void test_files(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	add_file(900, 0, "user:31");
	add_file(901, 0, "user:32");
	add_file(902, TELEGRAM, "tel:1");
	assert_int_equal(replied(ANNA, id, "key-00000001", MEDIA(901))->status, E_INVALID);
	assert_int_equal(replied(ANNA, id, "key-00000001", MEDIA(902))->status, E_INVALID);
	assert_int_equal(replied(ANNA, id, "key-00000001", MEDIA(903))->status, E_INVALID);
	struct acted *a = replied(ANNA, id, "key-00000001", MEDIA(900));
	assert_int_equal(a->status, 0);
	assert_int_equal(sql_int("SELECT message FROM file WHERE id = 900"), a->m.id);
	assert_non_null(strstr(test_send(world.channels, 0)->doc, "\"type\":\"media\",\"media\":\"900\""));
	assert_int_equal(replied(ANNA, id, "key-00000002", MEDIA(900))->status, E_INVALID); // once only
	// The same file in two conversations at once: one gets it.
	uint64_t other = begin_named(SHOP);
	struct acted one, two;
	add_file(904, 0, "user:31");
	reply_go(&one, ANNA, id, "key-00000003", MEDIA(904));
	reply_go(&two, ANNA, other, "key-00000004", MEDIA(904));
	settle();
	assert_int_equal(one.status + two.status, E_INVALID);
}

static void test_reply_to(void **state)
{
	uint64_t id = begin_named(TELEGRAM), other = begin_named(SHOP);
	struct acted a;
	uint64_t mine = (uint64_t)sql_int("SELECT id FROM message WHERE conversation = %llu", (unsigned long long)id);
	uint64_t theirs =
		(uint64_t)sql_int("SELECT id FROM message WHERE conversation = %llu", (unsigned long long)other);
	reply_go_to(&a, ANNA, id, mine);
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(a.m.reply_to, mine);
	reply_go_to(&a, ANNA, id, theirs);
	settle();
	assert_int_equal(a.status, E_INVALID);
}

// The answer goes where the answered message stands, not where the customer wrote last.
static void test_reply_to_another_thread(void **state)
{
	assert_int_equal(say(&(struct says){.inbox = WHATSAPP}), 0);
	assert_int_equal(say(&(struct says){.inbox = SMS}), 0); // the same conversation
	uint64_t id = conversation_of(WHATSAPP, "tel:1");
	assert_int_equal(conversation_of(SMS, "tel:1"), id);
	uint64_t first = (uint64_t)sql_int("SELECT id FROM message WHERE inbox = %d", WHATSAPP);
	struct acted a;
	reply_go_to(&a, ANNA, id, first);
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(a.m.inbox, WHATSAPP);
	assert_int_equal(test_send(world.channels, 0)->inbox, WHATSAPP);
	reply(ANNA, id, "to nothing in particular");
	settle();
	assert_int_equal(test_send(world.channels, 1)->inbox, SMS);
}

// ---- assign and move ------------------------------------------------------------------------------------------------

static void test_assign(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	struct act act = {.user = ANNA, .conversation = id};
	struct acted a;
	int64_t before = head();
	assign_go(&a, &act, BORIS);
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(a.c.assignee, BORIS);
	assert_int_equal(a.seq, before + 1);
	assign_go(&a, &act, BORIS); // as it is
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(a.seq, before + 1);
	assign_go(&a, &act, DORA);
	settle();
	assert_int_equal(a.status, E_INVALID);
	assign_go(&a, &act, EGOR);
	settle();
	assert_int_equal(a.status, E_INVALID);
	assign_go(&a, &act, 0);
	settle();
	assert_int_equal(a.c.assignee, 0);
	assert_int_equal(a.c.handler, HANDLER_NONE);
	assert_string_equal(events_after(before), "conversation.assigned conversation.assigned");
	// Given to somebody who does not serve the queue: hers it is to see.
	assign_go(&a, &act, CLARA);
	settle();
	assert_int_equal(replied(CLARA, id, "key-00000001", TEXT("hi"))->status, 0);
}

// Two at once, both of what they saw: one wins.
static void test_assign_races(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	struct act act = {.user = ANNA, .conversation = id, .version = 1};
	struct acted a, b, c;
	assign_go(&a, &act, ANNA);
	assign_go(&b, &act, BORIS);
	act.version = 0;
	assign_go(&c, &act, 0); // whatever it is
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(b.status, E_CONFLICT);
	assert_int_equal(c.status, 0);
	assert_int_equal(conversation_now(id).assignee, 0);
	assert_int_equal(conversation_now(id).version, 3);
}

static void test_changed_behind_the_cache(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	struct acted a;
	sql("UPDATE conversation SET version = 9, n_messages = 30");
	assign_go(&a, &(struct act){.user = ANNA, .conversation = id}, BORIS);
	settle();
	assert_int_equal(a.status, 0);
	assert_int_equal(a.c.version, 10);
	assert_int_equal(a.c.n_messages, 30);
	sql("UPDATE conversation SET version = 20");
	move_go(&a, &(struct act){.user = ANNA, .conversation = id, .version = 10}, MOVE_RESOLVE);
	settle();
	assert_int_equal(a.status, E_CONFLICT); // what he saw is not what stands
	sql("UPDATE conversation SET version = 30");
	assert_int_equal(replied(ANNA, id, "key-00000001", TEXT("hi"))->c.version, 31);
}

static void test_move(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	struct act act = {.user = ANNA, .conversation = id};
	struct acted a;
	int64_t before = head();
	const enum conversation_move moves[] = {MOVE_RESOLVE, MOVE_OPEN, MOVE_WAIT, MOVE_CLOSE,
						MOVE_RESOLVE, MOVE_OPEN, MOVE_OPEN};
	const int expected[] = {0, 0, 0, 0, E_CONFLICT, 0, 0};
	for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
		move_go(&a, &act, moves[i]);
		settle();
		assert_int_equal(a.status, expected[i]);
	}
	assert_string_equal(events_after(before), "conversation.resolved conversation.reopened conversation.waiting"
						  " conversation.closed conversation.reopened");
	assert_int_equal(sql_int("SELECT was * 10 + becomes FROM event WHERE seq = %lld", (long long)before + 4), 13);
	assert_int_equal(a.c.state, CONVERSATION_OPEN);
	assert_int_equal(conversation_now(id).version, 6);
}

// A customer writes while people act on his conversation: all of it counts.
static void test_all_at_once(void **state)
{
	uint64_t id = begin_named(TELEGRAM);
	struct acted r[10], as[10];
	struct commit *c[10];
	for (int i = 0; i < 10; i++) {
		char key[20];
		snprintf(key, sizeof key, "key-0000000%d", i);
		reply_go(&r[i], i % 2 ? ANNA : BORIS, id, key, TEXT("hi"));
		assign_go(&as[i], &(struct act){.user = DORA, .conversation = id}, i % 2 ? ANNA : BORIS);
		c[i] = commit_new(TELEGRAM);
		commit_message(c[i], &(struct says){0});
		commit_go(c[i]);
	}
	settle();
	for (int i = 0; i < 10; i++) {
		assert_int_equal(r[i].status, 0);
		assert_int_equal(as[i].status, 0);
		assert_int_equal(commit_end(c[i]), 0);
	}
	assert_int_equal(conversation_now(id).n_messages, 21);
	assert_int_equal(test_sends(world.channels), 10);
}

// ---- contacts, and what has no conversation -------------------------------------------------------------------------

struct named {
	int status;
	int64_t version;
	char name[40];
	bool is_done;
};

static void on_named(int status, const struct contact *c, const struct err *why, void *arg)
{
	struct named *n = arg;
	*n = (struct named){.status = status, .version = c ? c->version : 0, .is_done = true};
	if (c) snprintf(n->name, sizeof n->name, "%.*s", STR_ARG(c->name));
}

static struct feed_event *last_event;

static void keep_last(struct feed_event *e, void *arg)
{
	mem_unref(last_event);
	last_event = mem_ref(e);
}

static void test_rename(void **state)
{
	uint64_t id = begin_named(TELEGRAM), contact = conversation_now(id).contact;
	struct named n = {0};
	int64_t before = head();
	act_rename(world.pipeline, ANNA, contact, STR("  Оля\tК. "), on_named, &n);
	assert_false(n.is_done);
	settle();
	assert_int_equal(n.status, 0);
	assert_string_equal(n.name, "Оля К.");
	assert_int_equal(n.version, 2);
	assert_string_equal(events_after(before), "contact.updated");
	assert_string_equal(sql("SELECT name FROM contact"), "Оля К.");
	// Whatever is told from now on has the new name.
	last_event = NULL;
	struct feed_follower *f = feed_follow(world.pipeline, head(), keep_last, NULL);
	assert_int_equal(say(&(struct says){.inbox = TELEGRAM}), 0);
	assert_true(str_is(last_event->contact_name, "Оля К."));
	reply(ANNA, id, "hi");
	settle();
	assert_true(str_is(last_event->contact_name, "Оля К."));
	assert_non_null(strstr(test_send(world.channels, 0)->doc, "\"name\":\"Оля К.\""));
	feed_unfollow(&f);
	last_event = mem_unref(last_event);
	act_rename(world.pipeline, ANNA, 4711, STR("Nobody"), on_named, &n);
	settle();
	assert_int_equal(n.status, E_MISSING);
}

static void on_plain(int status, const struct unit_result *r, void *arg) { *(int64_t *)arg = r->first_seq; }

static void test_without_a_conversation(void **state)
{
	int64_t seq = 0, before = head();
	struct unit *u = unit_new(world.store);
	unit_name(u, "plain");
	unit_add(u, STMT_TEAM_ADD, (struct db_value[]){DB_INT(500), DB_TEXT(STR("New")), DB_INT(1)});
	struct event e = {.at_ms = 5, .kind = EVENT_TEAM_CHANGED, .actor = {ACTOR_USER, DORA}, .to = 500};
	act_commit(world.pipeline, u, &e, on_plain, &seq);
	settle();
	assert_int_equal(seq, before + 1);
	assert_string_equal(events_after(before), "team.changed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_reply),
		WORLD_TEST(test_who_takes_no_work_is_not_assigned),
		WORLD_TEST(test_same_key),
		WORLD_TEST(test_where_nothing_can_be_said),
		WORLD_TEST(test_note),
		WORLD_TEST(test_files),
		WORLD_TEST(test_reply_to),
		WORLD_TEST(test_reply_to_another_thread),
		WORLD_TEST(test_assign),
		WORLD_TEST(test_assign_races),
		WORLD_TEST(test_changed_behind_the_cache),
		WORLD_TEST(test_move),
		WORLD_TEST(test_all_at_once),
		WORLD_TEST(test_rename),
		WORLD_TEST(test_without_a_conversation),
	};
	return world_main(tests, ARRAY_LEN(tests), NULL, 0);
}
