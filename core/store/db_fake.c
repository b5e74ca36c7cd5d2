// SPDX-License-Identifier: Apache-2.0
// The fake driver: SQLite, with a script of what goes wrong next.
#include "inside.h"
#include <assert.h>
#include <time.h>

#define SLOW_MS 20

struct fake {
	struct driver base;
	struct driver *inner;
	struct loop *loop;
	enum fake_fault fault;
	uint64_t commits;
	const struct db_value *victim; // the unit that is locked or poisoned is known by its first row's values
	struct run *run;
	struct recovery *recovery;
	loop_cb run_done;
	void *run_arg;
	loop_cb closed;
	void *closed_arg;
};

static struct fake *fake_of(struct driver *d) { return container_of(d, struct fake, base); }

static void end_run(void *arg)
{
	struct fake *f = arg;
	struct run *r = f->run;
	f->run = NULL;
	r->done = f->run_done;
	r->arg = f->run_arg;
	r->done(r->arg);
}

static void fail_run(struct fake *f, enum run_status status, const char *why)
{
	f->run->status = status;
	err_set(&f->run->why, E_STORE, "%s", why);
	loop_defer(f->loop, end_run, f);
}

static void on_inner_run(void *arg)
{
	struct fake *f = arg;
	struct run *r = f->run;
	f->commits += r->status == RUN_COMMITTED;
	if (f->fault == FAKE_LOST_AFTER && r->status == RUN_COMMITTED) {
		f->fault = FAKE_NONE;
		r->status = RUN_LOST;
		err_set(&r->why, E_STORE, "connection lost");
	}
	end_run(f);
}

static void sleep_a_little(void *arg) { nanosleep(&(struct timespec){.tv_nsec = SLOW_MS * 1000000}, NULL); }

static void run_inner(int status, void *arg)
{
	struct fake *f = arg;
	f->run->done = on_inner_run;
	f->run->arg = f;
	f->inner->ops->run(f->inner, f->run);
}

static const struct db_value *first_row(const struct run *r)
{
	const struct run_row *first = NULL;
	for (size_t i = 0; i < r->n_rows; i++)
		if (!first || r->rows[i].unit < first->unit ||
		    (r->rows[i].unit == first->unit && r->rows[i].row < first->row))
			first = &r->rows[i];
	return first ? first->values : NULL;
}

// The first unit of the next run is the victim; it fails every run that it is in, until it was alone.
static bool has_victim(struct fake *f, const struct run *r)
{
	if (!f->victim) f->victim = first_row(r);
	bool is_here = false;
	for (size_t i = 0; i < r->n_rows; i++)
		is_here |= r->rows[i].values == f->victim;
	if (is_here && r->n_units == 1) {
		f->victim = NULL;
		f->fault = FAKE_NONE;
	}
	return is_here;
}

static void op_run(struct driver *d, struct run *r)
{
	struct fake *f = fake_of(d);
	assert(!f->run);
	f->run = r;
	f->run_done = r->done;
	f->run_arg = r->arg;
	switch (f->fault) {
	case FAKE_AWAY: fail_run(f, RUN_AWAY, "the server is away"); return;
	case FAKE_FULL: fail_run(f, RUN_FULL, "the disk is full"); return;
	case FAKE_LOST_BEFORE:
		f->fault = FAKE_NONE;
		fail_run(f, RUN_LOST, "connection lost");
		return;
	case FAKE_LOCKED:
		if (!has_victim(f, r)) break;
		fail_run(f, RUN_LOCKED, "lock timeout");
		return;
	case FAKE_POISON:
		if (!has_victim(f, r)) break;
		fail_run(f, RUN_REFUSED, "refused");
		return;
	case FAKE_SLOW: loop_work(f->loop, "fake", sleep_a_little, run_inner, f); return;
	default: break;
	}
	run_inner(0, f);
}

static void end_recovery(void *arg)
{
	struct fake *f = arg;
	struct recovery *rec = f->recovery;
	f->recovery = NULL;
	rec->done(rec->arg);
}

static void op_recover(struct driver *d, struct recovery *rec)
{
	struct fake *f = fake_of(d);
	if (f->fault != FAKE_AWAY) {
		f->inner->ops->recover(f->inner, rec);
		return;
	}
	f->recovery = rec;
	rec->status = err_set(&rec->why, E_STORE, "the server is away");
	loop_defer(f->loop, end_recovery, f);
}

static void end_read(void *arg)
{
	struct read *r = arg;
	r->done(r);
}

static void op_read(struct driver *d, struct read *r)
{
	struct fake *f = fake_of(d);
	if (f->fault != FAKE_AWAY) {
		f->inner->ops->read(f->inner, r);
		return;
	}
	r->status = err_set(&r->why, E_STORE, "the server is away");
	loop_defer(f->loop, end_read, r);
}

static void op_give_up(struct driver *d) {}

static void on_closed(void *arg)
{
	struct fake *f = arg;
	loop_cb closed = f->closed;
	void *closed_arg = f->closed_arg;
	mem_free(f);
	closed(closed_arg);
}

static void op_close(struct driver *d, loop_cb done, void *arg)
{
	struct fake *f = fake_of(d);
	f->closed = done;
	f->closed_arg = arg;
	f->inner->ops->close(f->inner, on_closed, f);
}

static struct session *op_session(const char *url, struct err *e) { return DB_SQLITE.session(url, e); }

static struct driver *op_open(const struct driver_config *c, struct err *e)
{
	struct driver *inner = DB_SQLITE.open(c, e);
	if (!inner) return NULL;
	struct fake *f = mem_new(struct fake);
	*f = (struct fake){.base.ops = &DB_FAKE, .inner = inner, .loop = c->loop};
	return &f->base;
}

void store_fake(struct store *s, enum fake_fault fault)
{
	assert(s->driver->ops == &DB_FAKE);
	fake_of(s->driver)->fault = fault;
	fake_of(s->driver)->victim = NULL;
}

uint64_t store_fake_commits(const struct store *s)
{
	assert(s->driver->ops == &DB_FAKE);
	return fake_of(s->driver)->commits;
}

const struct driver_ops DB_FAKE = {
	.name = "fake",
	.session = op_session,
	.open = op_open,
	.run = op_run,
	.recover = op_recover,
	.read = op_read,
	.give_up = op_give_up,
	.close = op_close,
};
