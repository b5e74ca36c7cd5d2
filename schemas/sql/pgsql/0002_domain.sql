-- SPDX-License-Identifier: Apache-2.0
-- The domain's tables. Ids are given by the node; times are UTC milliseconds; enums are the numbers of core/domain.
CREATE TABLE brand (id bigint PRIMARY KEY, name text NOT NULL, language text NOT NULL, zone text NOT NULL, created_at bigint NOT NULL);
CREATE TABLE team (id bigint PRIMARY KEY, name text NOT NULL, created_at bigint NOT NULL);
CREATE TABLE users (
  id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE, password text, role smallint NOT NULL,
  takes_work smallint NOT NULL, is_disabled smallint NOT NULL, created_at bigint NOT NULL, version bigint NOT NULL);
CREATE TABLE team_member (team bigint NOT NULL, member bigint NOT NULL, PRIMARY KEY (member, team));
CREATE TABLE session (
  token bytea PRIMARY KEY, member bigint NOT NULL, csrf text NOT NULL, created_at bigint NOT NULL, last_at bigint NOT NULL,
  expires_at bigint NOT NULL);
CREATE INDEX session_member ON session (member);
CREATE TABLE queue (id bigint PRIMARY KEY, name text NOT NULL, created_at bigint NOT NULL);
CREATE TABLE queue_team (queue bigint NOT NULL, team bigint NOT NULL, position int NOT NULL, PRIMARY KEY (queue, team));
CREATE TABLE inbox (
  id bigint PRIMARY KEY, name text NOT NULL, channel text NOT NULL, brand bigint NOT NULL, queue bigint,
  is_restricted smallint NOT NULL, is_archived smallint NOT NULL, join_rule smallint NOT NULL, reopen_window_ms bigint NOT NULL,
  config text NOT NULL, secrets bytea, created_at bigint NOT NULL, version bigint NOT NULL);
CREATE TABLE inbox_kv (inbox bigint NOT NULL, key text NOT NULL, value text NOT NULL, PRIMARY KEY (inbox, key));
CREATE TABLE contact (
  id bigint PRIMARY KEY, name text, language text, created_at bigint NOT NULL, version bigint NOT NULL,
  rules_seq bigint NOT NULL DEFAULT 0, erased_at bigint);
CREATE TABLE identity (
  id bigint PRIMARY KEY, kind text NOT NULL, scope text NOT NULL, address text NOT NULL, contact bigint NOT NULL, name text,
  proof smallint NOT NULL, is_shared smallint NOT NULL, created_at bigint NOT NULL, UNIQUE (kind, scope, address));
CREATE INDEX identity_contact ON identity (contact);
CREATE TABLE thread (
  id bigint PRIMARY KEY, inbox bigint NOT NULL, external text NOT NULL, kind smallint NOT NULL, contact bigint NOT NULL,
  identity bigint NOT NULL, created_at bigint NOT NULL, conversation bigint,
  window_until bigint, opted_out_at bigint, UNIQUE (inbox, external));
CREATE TABLE conversation (
  id bigint PRIMARY KEY, number bigint NOT NULL, contact bigint NOT NULL, brand bigint NOT NULL, inbox bigint NOT NULL,
  thread bigint NOT NULL, state smallint NOT NULL, handler smallint NOT NULL, queue bigint, assignee bigint, restricted bigint,
  version bigint NOT NULL, n_messages bigint NOT NULL, created_at bigint NOT NULL, last_at bigint NOT NULL, last_in_at bigint,
  last_out_at bigint, resolved_at bigint, previous bigint, rules_seq bigint NOT NULL, preview text NOT NULL,
  preview_by smallint NOT NULL) WITH (fillfactor = 80);
CREATE INDEX conversation_active ON conversation (last_at DESC, id DESC) WHERE state <= 1;
CREATE INDEX conversation_done ON conversation (last_at DESC, id DESC) WHERE state > 1;
CREATE INDEX conversation_assignee ON conversation (assignee) WHERE state <= 1 AND assignee IS NOT NULL;
CREATE INDEX conversation_contact ON conversation (contact);
CREATE TABLE participant (
  conversation bigint NOT NULL, kind smallint NOT NULL, who bigint NOT NULL, role smallint NOT NULL, created_at bigint NOT NULL,
  PRIMARY KEY (conversation, kind, who));
CREATE TABLE message (
  id bigint PRIMARY KEY, conversation bigint NOT NULL, contact bigint NOT NULL, thread bigint, inbox bigint, author smallint NOT NULL,
  author_id bigint, is_out smallint NOT NULL, origin smallint NOT NULL, audience smallint NOT NULL, provider_id text, key text,
  reply_to bigint, sent_at bigint, received_at bigint NOT NULL, parts text NOT NULL, delivery smallint NOT NULL, error text);
CREATE INDEX message_provider ON message (inbox, provider_id) WHERE provider_id IS NOT NULL;
CREATE TABLE file (
  id bigint PRIMARY KEY, blob text NOT NULL, name text NOT NULL, mime text NOT NULL, bytes bigint NOT NULL, inbox bigint,
  owner text NOT NULL, scan smallint NOT NULL, audience smallint NOT NULL, message bigint, conversation bigint, thread bigint,
  created_at bigint NOT NULL, expires_at bigint);
CREATE INDEX file_blob ON file (blob);
CREATE INDEX file_message ON file (message) WHERE message IS NOT NULL;
CREATE TABLE event (
  seq bigint PRIMARY KEY, at bigint NOT NULL, kind smallint NOT NULL, actor_kind smallint NOT NULL, actor bigint,
  conversation bigint, contact bigint, message bigint, was bigint, becomes bigint, inbox bigint, thread bigint);
CREATE INDEX event_conversation ON event (conversation, seq) WHERE conversation IS NOT NULL;
CREATE TABLE outbox (
  message bigint PRIMARY KEY, inbox bigint NOT NULL, thread bigint NOT NULL, conversation bigint NOT NULL, state smallint NOT NULL,
  attempt int NOT NULL, next_at bigint NOT NULL, expires_at bigint NOT NULL, epoch bigint NOT NULL, resume text, in_doubt bigint NOT NULL DEFAULT 0);
CREATE TABLE seen (
  inbox bigint NOT NULL, kind bigint NOT NULL, key text NOT NULL, at bigint NOT NULL, ref bigint, PRIMARY KEY (inbox, kind, key));
CREATE INDEX seen_at ON seen USING brin (at);
CREATE TABLE receipt_held (
  inbox bigint NOT NULL, provider_id text NOT NULL, delivery smallint NOT NULL, at bigint NOT NULL, error text,
  PRIMARY KEY (inbox, provider_id, delivery));
CREATE TABLE cursor (consumer text PRIMARY KEY, seq bigint NOT NULL);
-- From the first moment: #1 waits for nobody.
INSERT INTO counter (name, value) VALUES ('conversation', 0);
