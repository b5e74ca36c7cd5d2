-- SPDX-License-Identifier: Apache-2.0
-- The domain's tables. Ids are given by the node; times are UTC milliseconds; enums are the numbers of core/domain.
CREATE TABLE brand (id INTEGER PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL, zone TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE users (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, password TEXT, role INTEGER NOT NULL,
  takes_work INTEGER NOT NULL, is_disabled INTEGER NOT NULL, created_at INTEGER NOT NULL, version INTEGER NOT NULL);
CREATE TABLE team_member (team INTEGER NOT NULL, member INTEGER NOT NULL, PRIMARY KEY (member, team)) WITHOUT ROWID;
CREATE TABLE session (
  token BLOB PRIMARY KEY, member INTEGER NOT NULL, csrf TEXT NOT NULL, created_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX session_member ON session (member);
CREATE TABLE queue (id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE queue_team (queue INTEGER NOT NULL, team INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (queue, team)) WITHOUT ROWID;
CREATE TABLE inbox (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, channel TEXT NOT NULL, brand INTEGER NOT NULL, queue INTEGER,
  is_restricted INTEGER NOT NULL, is_archived INTEGER NOT NULL, join_rule INTEGER NOT NULL, reopen_window_ms INTEGER NOT NULL,
  config TEXT NOT NULL, secrets BLOB, created_at INTEGER NOT NULL, version INTEGER NOT NULL);
CREATE TABLE inbox_kv (inbox INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (inbox, key)) WITHOUT ROWID;
CREATE TABLE contact (
  id INTEGER PRIMARY KEY, name TEXT, language TEXT, created_at INTEGER NOT NULL, version INTEGER NOT NULL,
  rules_seq INTEGER NOT NULL DEFAULT 0, erased_at INTEGER);
CREATE TABLE identity (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, scope TEXT NOT NULL, address TEXT NOT NULL, contact INTEGER NOT NULL, name TEXT,
  proof INTEGER NOT NULL, is_shared INTEGER NOT NULL, created_at INTEGER NOT NULL, UNIQUE (kind, scope, address));
CREATE INDEX identity_contact ON identity (contact);
CREATE TABLE thread (
  id INTEGER PRIMARY KEY, inbox INTEGER NOT NULL, external TEXT NOT NULL, kind INTEGER NOT NULL, contact INTEGER NOT NULL,
  identity INTEGER NOT NULL, created_at INTEGER NOT NULL, conversation INTEGER,
  window_until INTEGER, opted_out_at INTEGER, UNIQUE (inbox, external));
CREATE TABLE conversation (
  id INTEGER PRIMARY KEY, number INTEGER NOT NULL, contact INTEGER NOT NULL, brand INTEGER NOT NULL, inbox INTEGER NOT NULL,
  thread INTEGER NOT NULL, state INTEGER NOT NULL, handler INTEGER NOT NULL, queue INTEGER, assignee INTEGER, restricted INTEGER,
  version INTEGER NOT NULL, n_messages INTEGER NOT NULL, created_at INTEGER NOT NULL, last_at INTEGER NOT NULL, last_in_at INTEGER,
  last_out_at INTEGER, resolved_at INTEGER, previous INTEGER, rules_seq INTEGER NOT NULL, preview TEXT NOT NULL,
  preview_by INTEGER NOT NULL);
CREATE INDEX conversation_active ON conversation (last_at DESC, id DESC) WHERE state <= 1;
CREATE INDEX conversation_done ON conversation (last_at DESC, id DESC) WHERE state > 1;
CREATE INDEX conversation_assignee ON conversation (assignee) WHERE state <= 1 AND assignee IS NOT NULL;
CREATE INDEX conversation_contact ON conversation (contact);
CREATE TABLE participant (
  conversation INTEGER NOT NULL, kind INTEGER NOT NULL, who INTEGER NOT NULL, role INTEGER NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (conversation, kind, who)) WITHOUT ROWID;
CREATE TABLE message (
  id INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, contact INTEGER NOT NULL, thread INTEGER, inbox INTEGER, author INTEGER NOT NULL,
  author_id INTEGER, is_out INTEGER NOT NULL, origin INTEGER NOT NULL, audience INTEGER NOT NULL, provider_id TEXT, key TEXT,
  reply_to INTEGER, sent_at INTEGER, received_at INTEGER NOT NULL, parts TEXT NOT NULL, delivery INTEGER NOT NULL, error TEXT);
CREATE INDEX message_provider ON message (inbox, provider_id) WHERE provider_id IS NOT NULL;
CREATE TABLE file (
  id INTEGER PRIMARY KEY, blob TEXT NOT NULL, name TEXT NOT NULL, mime TEXT NOT NULL, bytes INTEGER NOT NULL, inbox INTEGER,
  owner TEXT NOT NULL, scan INTEGER NOT NULL, audience INTEGER NOT NULL, message INTEGER, conversation INTEGER, thread INTEGER,
  created_at INTEGER NOT NULL, expires_at INTEGER);
CREATE INDEX file_blob ON file (blob);
CREATE INDEX file_message ON file (message) WHERE message IS NOT NULL;
CREATE TABLE event (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, actor_kind INTEGER NOT NULL, actor INTEGER,
  conversation INTEGER, contact INTEGER, message INTEGER, was INTEGER, becomes INTEGER, inbox INTEGER, thread INTEGER);
CREATE INDEX event_conversation ON event (conversation, seq) WHERE conversation IS NOT NULL;
CREATE TABLE outbox (
  message INTEGER PRIMARY KEY, inbox INTEGER NOT NULL, thread INTEGER NOT NULL, conversation INTEGER NOT NULL, state INTEGER NOT NULL,
  attempt INTEGER NOT NULL, next_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, epoch INTEGER NOT NULL, resume TEXT, in_doubt INTEGER NOT NULL DEFAULT 0);
CREATE TABLE seen (
  inbox INTEGER NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, ref INTEGER, PRIMARY KEY (inbox, kind, key)) WITHOUT ROWID;
CREATE TABLE receipt_held (
  inbox INTEGER NOT NULL, provider_id TEXT NOT NULL, delivery INTEGER NOT NULL, at INTEGER NOT NULL, error TEXT,
  PRIMARY KEY (inbox, provider_id, delivery)) WITHOUT ROWID;
CREATE TABLE cursor (consumer TEXT PRIMARY KEY, seq INTEGER NOT NULL);
-- From the first moment: #1 waits for nobody.
INSERT INTO counter (name, value) VALUES ('conversation', 0);
