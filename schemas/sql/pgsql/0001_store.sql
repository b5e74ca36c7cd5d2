-- SPDX-License-Identifier: Apache-2.0
-- The store's own tables.

-- One row a server instance. epoch grows whenever somebody takes the row; batch is the number of the last transaction, and
-- batch_seq the head of the log before it, so that the outcome of a lost COMMIT can be read here.
CREATE TABLE node (
	id bigint PRIMARY KEY,
	instance text NOT NULL UNIQUE,
	epoch bigint NOT NULL,
	holder bigint NOT NULL,
	batch bigint NOT NULL,
	batch_seq bigint NOT NULL,
	id_mark bigint NOT NULL,
	lease_until bigint NOT NULL
) WITH (fillfactor = 10);

-- The number of the last event. Whoever commits takes his range here as his last act.
CREATE TABLE feed_head (seq bigint NOT NULL) WITH (fillfactor = 10);
INSERT INTO feed_head (seq) VALUES (0);

-- Short numbers, reserved in blocks; value is the last one reserved.
CREATE TABLE counter (
	name text PRIMARY KEY,
	value bigint NOT NULL
) WITH (fillfactor = 10);

-- Units that the database refused.
CREATE TABLE parked (
	id bigint PRIMARY KEY,
	at bigint NOT NULL,
	name text NOT NULL,
	reason text NOT NULL,
	rows text NOT NULL
);
