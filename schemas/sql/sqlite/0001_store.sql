-- SPDX-License-Identifier: Apache-2.0
-- The store's own tables.

-- One row a server instance. epoch grows whenever somebody takes the row; batch is the number of the last transaction, and
-- batch_seq the head of the log before it, so that the outcome of a lost COMMIT can be read here.
CREATE TABLE node (
	id INTEGER PRIMARY KEY,
	instance TEXT NOT NULL UNIQUE,
	epoch INTEGER NOT NULL,
	holder INTEGER NOT NULL,
	batch INTEGER NOT NULL,
	batch_seq INTEGER NOT NULL,
	id_mark INTEGER NOT NULL,
	lease_until INTEGER NOT NULL
);

-- The number of the last event. Whoever commits takes his range here as his last act.
CREATE TABLE feed_head (seq INTEGER NOT NULL);
INSERT INTO feed_head (seq) VALUES (0);

-- Short numbers, reserved in blocks; value is the last one reserved.
CREATE TABLE counter (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) WITHOUT ROWID;

-- Units that the database refused.
CREATE TABLE parked (
	id INTEGER PRIMARY KEY,
	at INTEGER NOT NULL,
	name TEXT NOT NULL,
	reason TEXT NOT NULL,
	rows TEXT NOT NULL
);
