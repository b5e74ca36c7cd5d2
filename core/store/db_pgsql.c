// SPDX-License-Identifier: Apache-2.0
// The PostgreSQL driver: libpq without blocking, on the loop; one connection writes, one reads.
#include "inside.h"
#include "pg.h"

#define OPEN_MS 10000

static void pg_destroy(struct pg *pg)
{
	mem_free(pg->applied);
	mem_free(pg);
}

static void on_conn_closed(void *arg)
{
	struct pg *pg = arg;
	if (--pg->n_conns) return;
	loop_cb closed = pg->closed;
	void *closed_arg = pg->closed_arg;
	pg_destroy(pg);
	if (closed) closed(closed_arg);
}

static void close_conns(struct pg *pg)
{
	loop_timer_clear(&pg->reader_retry);
	pg->n_conns = 2;
	pg_conn_close(&pg->writer, on_conn_closed, pg);
	pg_conn_close(&pg->reader, on_conn_closed, pg);
}

static void op_close(struct driver *d, loop_cb done, void *arg)
{
	struct pg *pg = container_of(d, struct pg, base);
	pg->closed = done;
	pg->closed_arg = arg;
	pg_reads_cancel(pg);
	close_conns(pg);
}

static struct driver *op_open(const struct driver_config *config, struct err *e)
{
	struct pg *pg = mem_new(struct pg);
	pg->base.ops = &DB_PGSQL;
	pg->c = *config;
	list_init(&pg->queued);
	list_init(&pg->sent);
	loop_timer_init(&pg->reader_retry, config->loop, "store reader", pg_reader_retry, pg);
	pg_conn_init(&pg->writer, &PG_WRITER, &pg->c);
	pg_conn_init(&pg->reader, &PG_READER, &pg->c);
	if (!pg_conn_open_now(&pg->writer, OPEN_MS, e) && !pg_conn_open_now(&pg->reader, OPEN_MS, e)) return &pg->base;
	close_conns(pg); // its memory goes when uv has closed its handles
	return NULL;
}

const struct driver_ops DB_PGSQL = {
	.name = "pgsql",
	.is_pgsql = true,
	.is_shared = true,
	.session = pg_session,
	.open = op_open,
	.run = pg_run,
	.recover = pg_recover,
	.read = pg_read,
	.give_up = pg_give_up,
	.close = op_close,
};
