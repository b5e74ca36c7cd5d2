// SPDX-License-Identifier: Apache-2.0
// Ops and causes: order, deadlines, commits, AFTER_COMMIT, and plugins that misbehave.
#include "world_test.h"

static struct world w;
static struct ended d;

static int setup(void **state)
{
	world_open(&w);
	world_inbox(&w, PROBE, "probe", 1, "{\"token\":\"tok-12345\"}");
	return 0;
}

static int teardown(void **state)
{
	world_close(&w);
	buf_fini(&d.text);
	d = (struct ended){0};
	return 0;
}

#define MESSAGE                                                                                                        \
	"{\"key\":\"m1\",\"thread\":{\"external\":\"t\",\"kind\":\"direct\"},\"sender\":{\"kind\":\"k\",\"scope\":"    \
	"\"s\","                                                                                                       \
	"\"address\":\"a\",\"proof\":\"channel\"},\"parts\":[{\"type\":\"text\",\"text\":\"hi\"}]}"
#define EMIT "{\"do\":\"emit\",\"type\":\"message.in\",\"doc\":" MESSAGE "}"
#define PUT(key, value)                                                                                                \
	"{\"do\":\"call\",\"service\":\"kv.put\",\"no_answer\":true,\"doc\":{\"key\":\"" key "\",\"value\":" value "}" \
	"}"

static void completes_without_events(void **state)
{
	steps_run(&w, "[{\"do\":\"complete\",\"doc\":{\"x\":[1,2]}}]", &d);
	assert_int_equal(d.status, 0);
	assert_string_equal(d.text.p, " {\"x\":[1,2]}");
	assert_int_equal(w.n_commits, 0);
}

static void events_and_puts_commit_as_one(void **state)
{
	steps_run(&w, "[" EMIT "," PUT("cursor", "1") "," PUT("cursor", "2") "," EMIT ",{\"do\":\"complete\"}]", &d);
	assert_int_equal(d.status, 0);
	assert_int_equal(w.n_commits, 1);
	assert_string_equal(w.commits.p, "inbox=1 message.in=" MESSAGE " message.in=" MESSAGE " put cursor=2\n");
}

static void ends_only_when_durable(void **state)
{
	w.way = COMMIT_HELD;
	assert_non_null(steps_start(&w, 1, "[" EMIT ",{\"do\":\"complete\"}]", 50, &d));
	world_turns(&w, 100); /* well past the deadline: what commits is not timed */
	assert_int_equal(w.n_held, 1);
	assert_int_equal(d.n, 0);
	release_commits(&w, 0);
	assert_true(world_wait(&w, has_ended, &d));
	assert_int_equal(d.status, 0);
}

static void refused_commit_fails_the_op(void **state)
{
	w.way = COMMIT_FAILS;
	w.commit_status = E_BUSY;
	steps_run(&w, "[" EMIT ",{\"do\":\"complete\"}]", &d);
	assert_int_equal(d.status, E_BUSY);
	assert_int_equal(d.n, 1);
}

#define FETCH_AFTER "{\"do\":\"call\",\"service\":\"crypto.random\",\"after_commit\":true,\"doc\":{\"bytes\":4}}"

static void after_commit_starts_when_durable(void **state)
{
	w.way = COMMIT_HELD;
	assert_non_null(steps_start(&w, 1, "[" EMIT "," FETCH_AFTER ",{\"do\":\"complete\"}]", 5000, &d));
	world_turns(&w, 30);
	assert_false(has(&w.log, "answer"));
	release_commits(&w, 0);
	wait_log(&w, "answer 0 {\"value\":");
}

static void after_commit_never_starts_when_it_failed(void **state)
{
	w.way = COMMIT_FAILS;
	w.commit_status = E_STORE;
	steps_run(&w, "[" EMIT "," FETCH_AFTER ",{\"do\":\"complete\"}]", &d);
	wait_log(&w, "answer 1 {\"text\":\"its cause was not committed\"}");
	assert_false(has(&w.log, "value"));
}

static void after_commit_never_starts_when_the_op_failed(void **state)
{
	steps_run(&w,
		  "[" EMIT "," FETCH_AFTER
		  ",{\"do\":\"complete\",\"class\":3,\"doc\":{\"text\":\"no\",\"scope\":\"inbox\"}}]",
		  &d);
	assert_int_equal(d.status, E_REMOTE);
	assert_int_equal(d.class_, CHANNEL_AUTH);
	assert_true(str_starts(buf_str(&d.text), STR("no ")));
	wait_log(&w, "answer 1 {\"text\":\"its cause was not committed\"}");
	assert_int_equal(w.n_commits, 0);
}

static void answer_is_a_cause_of_its_own(void **state)
{
	const char *steps = "[{\"do\":\"call\",\"service\":\"timer.set\",\"doc\":{\"after_ms\":5},\"then\":["
			    "{\"do\":\"emit\",\"type\":\"message.in\",\"own_cause\":true,\"doc\":" MESSAGE "}]},"
			    "{\"do\":\"complete\"}]";
	steps_run(&w, steps, &d);
	assert_int_equal(d.status, 0);
	wait_text(&w, &w.commits, "message.in", 1);
}

static void op_may_wait_for_answers(void **state)
{
	const char *steps = "[{\"do\":\"call\",\"service\":\"crypto.hash\",\"doc\":{\"data\":\"abc\"},\"then\":[" EMIT
			    ",{\"do\":\"complete with answer\"}]}]";
	steps_run(&w, steps, &d);
	assert_int_equal(d.status, 0);
	assert_true(has(&d.text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	assert_int_equal(w.n_commits, 1);
}

static void wrong_event_is_parked_by_itself(void **state)
{
	steps_run(&w,
		  "[{\"do\":\"emit\",\"type\":\"message.in\",\"doc\":{\"key\":\"x\"}}," EMIT ",{\"do\":\"complete\"}]",
		  &d);
	assert_int_equal(d.status, 0);
	assert_int_equal(w.n_commits, 1);
	assert_true(has(&w.log, "emitted -1 "));
	assert_true(has(&w.commits, " message.in={\"key\":\"x\"} wrong: message.in: thread: is missing"));
}

static void wrong_put_fails_the_cause(void **state)
{
	steps_run(&w, "[" EMIT "," PUT("", "1") ",{\"do\":\"complete\"}]", &d);
	assert_int_equal(d.status, E_INVALID);
	assert_int_equal(w.n_commits, 0);
}

static void deadline_is_uncertain(void **state)
{
	assert_non_null(steps_start(&w, 1, "[" EMIT "," FETCH_AFTER ",{\"do\":\"hold\"}]", 20, &d));
	assert_true(world_wait(&w, has_ended, &d));
	assert_int_equal(d.status, E_TIMEOUT);
	wait_log(&w, "op cancelled 1");
	steps_run(&w, "[{\"do\":\"last op\"},{\"do\":\"complete\"}]", &d);
	assert_true(has(&w.log, "last op -3"));
	assert_true(has(&w.log, "which is over"));
	assert_int_equal(w.n_commits, 0);
	assert_true(has(&w.log, "answer 1 "));
}

static void double_completion_is_ignored(void **state)
{
	steps_run(&w, "[" EMIT ",{\"do\":\"complete twice\"}," EMIT "]", &d);
	assert_int_equal(d.status, 0);
	world_turns(&w, 20);
	assert_int_equal(d.n, 1);
	assert_int_equal(w.n_commits, 1);
	assert_true(has(&w.log, "complete twice -3"));
	assert_true(has(&w.log, "emitted -3"));
}

static void forged_things_are_refused(void **state)
{
	steps_run(
		&w,
		"[{\"do\":\"forged op\"},{\"do\":\"forged cause\"},{\"do\":\"read forged\"},{\"do\":\"stale\"},"
		"{\"do\":\"drop twice\"},{\"do\":\"build on\"},{\"do\":\"unknown event\"},{\"do\":\"unknown service\"},"
		"{\"do\":\"complete\"}]",
		&d);
	assert_int_equal(d.status, 0);
	assert_true(has(&w.log, "forged op -3"));
	assert_true(has(&w.log, "which does not exist"));
	assert_true(has(&w.log, "forged cause -3"));
	assert_true(has(&w.log, "read forged 0"));
	assert_true(has(&w.log, "reads a document that it does not hold"));
	assert_true(has(&w.log, "drops a document that it does not keep"));
	assert_true(has(&w.log, "build on 0"));
	assert_true(has(&w.log, "an end without a map or list"));
	assert_true(has(&w.log, "unknown event -6"));
	assert_true(has(&w.log, "unknown service 0"));
	steps_run(&w, "[{\"do\":\"stale doc\"},{\"do\":\"complete\"}]", &d);
	assert_true(has(&w.log, "stale doc 0"));
	steps_run(&w, "[" EMIT ",{\"do\":\"forged doc\"},{\"do\":\"complete\"}]", &d);
	assert_int_equal(d.status, E_INVALID);
}

static void op_runs_out_of_time_in_the_queue(void **state)
{
	struct ended late = {0};
	w.way = COMMIT_HELD;
	struct inbox *in = channels_inbox(w.c, 1);
	const struct op_ask ask = {.verb = "message.send", .deadline_ms = 0};
	assert_non_null(op_start(in, &ask, op_noted, &late));
	/* the timer and the lane both wait: whichever runs first, the end is one of two */
	assert_true(world_wait(&w, has_ended, &late));
	assert_true(late.status == E_BUSY || late.status == 0);
	buf_fini(&late.text);
	w.way = COMMIT_SOON;
}

static void unknown_verb(void **state)
{
	const struct op_ask ask = {.verb = "history.fetch", .deadline_ms = 1000};
	assert_non_null(op_start(channels_inbox(w.c, 1), &ask, op_noted, &d));
	assert_int_equal(d.n, 0); /* never before the starter has returned */
	assert_true(world_wait(&w, has_ended, &d));
	assert_int_equal(d.status, E_UNSUPPORTED);
}

static void full_queue_refuses(void **state)
{
	struct inbox *in = channels_inbox(w.c, 1);
	const struct op_ask ask = {.verb = "history.fetch", .deadline_ms = 1000};
	int n = 0;
	while (op_start(in, &ask, NULL, NULL))
		n++;
	assert_in_range(n, 9990, 10000);
	while (!steps_start(&w, 1, "[{\"do\":\"complete\"}]", 5000, &d))
		world_turns(&w, 1);
	assert_true(world_wait(&w, has_ended, &d));
}

static void closing_ends_what_runs(void **state)
{
	struct ended held = {0}, queued = {0};
	assert_non_null(steps_start(
		&w, 1, "[{\"do\":\"call\",\"service\":\"timer.set\",\"doc\":{\"after_ms\":100000}},{\"do\":\"hold\"}]",
		5000, &held));
	wait_log(&w, "message.send 1");
	assert_non_null(steps_start(&w, 1, "[]", 5000, &queued));
	channels_close_inbox(w.c, 1);
	assert_null(channels_inbox(w.c, 1));
	assert_true(world_wait(&w, has_ended, &queued));
	assert_int_equal(held.status, E_TIMEOUT);
	assert_int_equal(queued.status, E_CLOSED);
	wait_log(&w, "close 1");
	assert_false(has(&w.log, "answer"));
	assert_int_equal(held.n + queued.n, 2);
	world_inbox(&w, PROBE, "probe", 1, "{}");
	steps_run(&w, "[{\"do\":\"last op\"},{\"do\":\"complete\"}]", &d);
	buf_fini(&held.text);
	buf_fini(&queued.text);
}

static void inbox_that_does_not_open(void **state)
{
	world_inbox(&w, PROBE, "probe", 2, "{\"fail\":true}");
	assert_non_null(steps_start(&w, 2, "[{\"do\":\"complete\"}]", 5000, &d));
	assert_true(world_wait(&w, has_ended, &d));
	assert_int_equal(d.status, E_CLOSED);
	assert_true(has(&w.signals, "2 state=failing config"));
	assert_true(has(&w.log, "could not open it (config)"));
	channels_close_inbox(w.c, 2);
}

static void signals_are_not_committed(void **state)
{
	steps_run(&w,
		  "[{\"do\":\"emit\",\"type\":\"typing\",\"doc\":{\"thread\":{\"external\":\"t\"}}},"
		  "{\"do\":\"emit\",\"type\":\"inbox.state\",\"doc\":{\"state\":\"reauth\",\"why\":\"token\"}},{\"do\":"
		  "\"complete\"}]",
		  &d);
	assert_int_equal(w.n_commits, 0);
	assert_string_equal(w.signals.p, "1 typing {\"thread\":{\"external\":\"t\"}}\n1 state=reauth token\n");
}

static void threads_come_back_by_wake(void **state)
{
	steps_run(&w, "[{\"do\":\"thread\"},{\"do\":\"wake\"},{\"do\":\"complete\"}]", &d);
	wait_log(&w, "thread says hello");
	wait_log(&w, "woken 0");
	assert_true(has(&w.log, "was called outside a callback"));
}

static void inbox_start_comes_first(void **state)
{
	world_inbox(&w, TEST_PLUGINS "/probe_inbox.so", "probe_inbox", 5, "{\"start\":[]}");
	assert_non_null(steps_start(&w, 5, "[{\"do\":\"complete\"}]", 5000, &d));
	assert_true(world_wait(&w, has_ended, &d));
	assert_int_equal(d.status, 0);
	assert_true(has(&w.log, "open 5 {\"start\":[],\"number\":7}"));
}

static void host_closes_with_work_open(void **state)
{
	assert_non_null(steps_start(
		&w, 1, "[{\"do\":\"call\",\"service\":\"timer.set\",\"doc\":{\"after_ms\":100000}},{\"do\":\"hold\"}]",
		100000, &d));
	wait_log(&w, "message.send 1");
	channels_close(w.c, 30, note_closed, &w.is_closed);
	assert_null(steps_start(&w, 1, "[]", 1000, &d));
	assert_true(world_wait(&w, is_set, &w.is_closed));
	w.c = NULL;
	assert_int_equal(d.status, E_TIMEOUT);
	assert_true(has(&w.log, "close 1"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(completes_without_events),
		T(events_and_puts_commit_as_one),
		T(ends_only_when_durable),
		T(refused_commit_fails_the_op),
		T(after_commit_starts_when_durable),
		T(after_commit_never_starts_when_it_failed),
		T(after_commit_never_starts_when_the_op_failed),
		T(answer_is_a_cause_of_its_own),
		T(op_may_wait_for_answers),
		T(wrong_event_is_parked_by_itself),
		T(wrong_put_fails_the_cause),
		T(deadline_is_uncertain),
		T(double_completion_is_ignored),
		T(forged_things_are_refused),
		T(op_runs_out_of_time_in_the_queue),
		T(unknown_verb),
		T(full_queue_refuses),
		T(closing_ends_what_runs),
		T(inbox_that_does_not_open),
		T(signals_are_not_committed),
		T(threads_come_back_by_wake),
		T(inbox_start_comes_first),
		T(host_closes_with_work_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
