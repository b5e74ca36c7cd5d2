// SPDX-License-Identifier: Apache-2.0
// Every statement that changes the domain's tables: name, params (db.h), SQLite, PostgreSQL. The order of the rows is
// the order inside a batch. Of two rows of one batch with the same target a guard applies the first, an update the
// last.
#pragma once

// A row that applies or not: a conflict gives the whole unit back.
#define SQL_GUARDS(X)                                                                                                  \
	X(SEEN_ADD, DB_GUARD, "iitii",                                                                                 \
	  "INSERT INTO seen (inbox, kind, key, at, ref) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",           \
	  "WITH u AS (SELECT DISTINCT ON (inbox, kind, key) * FROM unnest($1::int[], $2::bigint[], $3::bigint[], "     \
	  "$4::text[],"                                                                                                \
	  " $5::bigint[], $6::bigint[]) AS u(ord, inbox, kind, key, at, ref) ORDER BY inbox, kind, key, ord),"         \
	  " i AS (INSERT INTO seen (inbox, kind, key, at, ref) SELECT inbox, kind, key, at, ref FROM u"                \
	  " ON CONFLICT DO NOTHING RETURNING inbox, kind, key)"                                                        \
	  " SELECT u.ord FROM u JOIN i USING (inbox, kind, key)")                                                      \
	X(IDENTITY_ADD, DB_GUARD, "itttitiii",                                                                         \
	  "INSERT INTO identity (id, kind, scope, address, contact, name, proof, is_shared, created_at)"               \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",                                       \
	  "WITH u AS (SELECT DISTINCT ON (kind, scope, address) * FROM unnest($1::int[], $2::bigint[], $3::text[], "   \
	  "$4::text[],"                                                                                                \
	  " $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[])"                          \
	  " AS u(ord, id, kind, scope, address, contact, name, proof, is_shared, created_at) ORDER BY kind, scope, "   \
	  "address, ord),"                                                                                             \
	  " i AS (INSERT INTO identity (id, kind, scope, address, contact, name, proof, is_shared, created_at)"        \
	  " SELECT id, kind, scope, address, contact, name, proof, is_shared, created_at FROM u"                       \
	  " ON CONFLICT DO NOTHING RETURNING id) SELECT u.ord FROM u JOIN i USING (id)")                               \
	X(THREAD_ADD, DB_GUARD, "iitiiiii",                                                                            \
	  "INSERT INTO thread (id, inbox, external, kind, contact, identity, created_at, conversation)"                \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",                                           \
	  "WITH u AS (SELECT DISTINCT ON (inbox, external) * FROM unnest($1::int[], $2::bigint[], $3::bigint[], "      \
	  "$4::text[],"                                                                                                \
	  " $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])"                                     \
	  " AS u(ord, id, inbox, external, kind, contact, identity, created_at, conversation) ORDER BY inbox, "        \
	  "external, ord),"                                                                                            \
	  " i AS (INSERT INTO thread (id, inbox, external, kind, contact, identity, created_at, conversation)"         \
	  " SELECT id, inbox, external, kind, contact, identity, created_at, conversation FROM u ON CONFLICT DO "      \
	  "NOTHING RETURNING id)"                                                                                      \
	  " SELECT u.ord FROM u JOIN i USING (id)")                                                                    \
	X(CONVERSATION_SAVE, DB_GUARD, "iiiiiiiiiiiiiiiti",                                                            \
	  "UPDATE conversation SET version = ?2 + 1, inbox = ?3, thread = ?4, state = ?5, handler = ?6, queue = ?7,"   \
	  " assignee = ?8, restricted = ?9, n_messages = ?10, last_at = ?11, last_in_at = ?12, last_out_at = ?13,"     \
	  " resolved_at = ?14, rules_seq = ?15, preview = ?16, preview_by = ?17 WHERE id = ?1 AND version = ?2",       \
	  "UPDATE conversation c SET version = u.version + 1, inbox = u.inbox, thread = u.thread, state = u.state,"    \
	  " handler = u.handler, queue = u.queue, assignee = u.assignee, restricted = u.restricted,"                   \
	  " n_messages = u.n_messages, last_at = u.last_at, last_in_at = u.last_in_at, last_out_at = u.last_out_at,"   \
	  " resolved_at = u.resolved_at, rules_seq = u.rules_seq, preview = u.preview, preview_by = u.preview_by"      \
	  " FROM (SELECT DISTINCT ON (id, version) * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[]," \
	  " $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],"       \
	  " $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::text[], $18::bigint[])"    \
	  " AS r(ord, id, version, inbox, thread, state, handler, queue, assignee, restricted, n_messages, last_at,"   \
	  " last_in_at, last_out_at, resolved_at, rules_seq, preview, preview_by) ORDER BY id, version, ord) u"        \
	  " WHERE c.id = u.id AND c.version = u.version RETURNING u.ord")                                              \
	/* Nothing that an index or a list asks for but the time: most messages only add to a conversation. */         \
	X(CONVERSATION_GROW, DB_GUARD, "iiiiiiiiti",                                                                   \
	  "UPDATE conversation SET version = ?2 + 1, inbox = ?3, thread = ?4, n_messages = ?5, last_at = ?6,"          \
	  " last_in_at = ?7, last_out_at = ?8, preview = ?9, preview_by = ?10 WHERE id = ?1 AND version = ?2",         \
	  "UPDATE conversation c SET version = u.version + 1, inbox = u.inbox, thread = u.thread,"                     \
	  " n_messages = u.n_messages, last_at = u.last_at, last_in_at = u.last_in_at, last_out_at = u.last_out_at,"   \
	  " preview = u.preview, preview_by = u.preview_by FROM (SELECT DISTINCT ON (id, version) *"                   \
	  " FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], "             \
	  "$7::bigint[],"                                                                                              \
	  " $8::bigint[], $9::bigint[], $10::text[], $11::bigint[]) AS r(ord, id, version, inbox, thread, n_messages," \
	  " last_at, last_in_at, last_out_at, preview, preview_by) ORDER BY id, version, ord) u"                       \
	  " WHERE c.id = u.id AND c.version = u.version RETURNING u.ord")                                              \
	X(THREAD_SPEAKS, DB_GUARD, "iii", "UPDATE thread SET conversation = ?2 WHERE id = ?1 AND conversation IS ?3",  \
	  "UPDATE thread t SET conversation = u.conversation FROM (SELECT DISTINCT ON (id) * FROM unnest($1::int[],"   \
	  " $2::bigint[], $3::bigint[], $4::bigint[]) AS r(ord, id, conversation, was) ORDER BY id, ord) u"            \
	  " WHERE t.id = u.id AND t.conversation IS NOT DISTINCT FROM u.was RETURNING u.ord")                          \
	X(MESSAGE_DELIVERY, DB_GUARD, "iiitt",                                                                         \
	  "UPDATE message SET delivery = ?3, error = ?4, provider_id = coalesce(?5, provider_id)"                      \
	  " WHERE id = ?1 AND delivery = ?2",                                                                          \
	  "UPDATE message m SET delivery = u.delivery, error = u.error, provider_id = coalesce(u.provider_id,"         \
	  " m.provider_id) FROM (SELECT DISTINCT ON (id) * FROM unnest($1::int[], $2::bigint[], $3::bigint[],"         \
	  " $4::bigint[], $5::text[], $6::text[]) AS r(ord, id, was, delivery, error, provider_id) ORDER BY id, ord) " \
	  "u"                                                                                                          \
	  " WHERE m.id = u.id AND m.delivery = u.was RETURNING u.ord")                                                 \
	X(FILE_USE, DB_GUARD, "iiiii",                                                                                 \
	  "UPDATE file SET message = ?2, conversation = ?3, thread = ?4, audience = ?5, expires_at = NULL"             \
	  " WHERE id = ?1 AND message IS NULL",                                                                        \
	  "UPDATE file f SET message = u.message, conversation = u.conversation, thread = u.thread,"                   \
	  " audience = u.audience, expires_at = NULL FROM (SELECT DISTINCT ON (id) * FROM unnest($1::int[],"           \
	  " $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) AS r(ord, id, message, "             \
	  "conversation,"                                                                                              \
	  " thread, audience) ORDER BY id, ord) u WHERE f.id = u.id AND f.message IS NULL RETURNING u.ord")            \
	X(OUTBOX_ADD, DB_GUARD, "iiiiii",                                                                              \
	  "INSERT INTO outbox (message, inbox, thread, conversation, state, attempt, next_at, expires_at, epoch)"      \
	  " VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, ?6, 0) ON CONFLICT DO NOTHING",                                          \
	  "WITH u AS (SELECT DISTINCT ON (message) * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[]," \
	  " $5::bigint[], $6::bigint[], $7::bigint[]) AS u(ord, message, inbox, thread, conversation, next_at,"        \
	  " expires_at) ORDER BY message, ord), i AS (INSERT INTO outbox (message, inbox, thread, conversation, "      \
	  "state,"                                                                                                     \
	  " attempt, next_at, expires_at, epoch) SELECT message, inbox, thread, conversation, 0, 0, next_at,"          \
	  " expires_at, 0 FROM u ON CONFLICT DO NOTHING RETURNING message)"                                            \
	  " SELECT u.ord FROM u JOIN i USING (message)")                                                               \
	X(OUTBOX_TAKE, DB_GUARD, "iii",                                                                                \
	  "UPDATE outbox SET state = 1, attempt = attempt + 1, epoch = ?3"                                             \
	  " WHERE message = ?1 AND attempt = ?2 AND state = 0",                                                        \
	  "UPDATE outbox o SET state = 1, attempt = o.attempt + 1, epoch = u.epoch"                                    \
	  " FROM (SELECT DISTINCT ON (message, attempt) * FROM unnest($1::int[], $2::bigint[], $3::bigint[],"          \
	  " $4::bigint[]) AS r(ord, message, attempt, epoch) ORDER BY message, attempt, ord) u"                        \
	  " WHERE o.message = u.message AND o.attempt = u.attempt AND o.state = 0 RETURNING u.ord")                    \
	X(USER_ADD, DB_GUARD, "itttiiii",                                                                              \
	  "INSERT INTO users (id, name, email, password, role, takes_work, is_disabled, created_at, version)"          \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1) ON CONFLICT DO NOTHING",                                        \
	  "WITH u AS (SELECT DISTINCT ON (email) * FROM unnest($1::int[], $2::bigint[], $3::text[], $4::text[], "      \
	  "$5::text[],"                                                                                                \
	  " $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[])"                                                   \
	  " AS u(ord, id, name, email, password, role, takes_work, is_disabled, created_at) ORDER BY email, ord),"     \
	  " i AS (INSERT INTO users (id, name, email, password, role, takes_work, is_disabled, created_at, version)"   \
	  " SELECT id, name, email, password, role, takes_work, is_disabled, created_at, 1 FROM u"                     \
	  " ON CONFLICT DO NOTHING RETURNING id) SELECT u.ord FROM u JOIN i USING (id)")                               \
	X(INBOX_SAVE, DB_GUARD, "iitiiiiitb",                                                                          \
	  "UPDATE inbox SET version = ?2 + 1, name = ?3, queue = ?4, is_restricted = ?5, is_archived = ?6,"            \
	  " join_rule = ?7, reopen_window_ms = ?8, config = ?9, secrets = ?10 WHERE id = ?1 AND version = ?2",         \
	  "UPDATE inbox b SET version = u.version + 1, name = u.name, queue = u.queue,"                                \
	  " is_restricted = u.is_restricted, is_archived = u.is_archived, join_rule = u.join_rule,"                    \
	  " reopen_window_ms = u.reopen_window_ms, config = u.config, secrets = u.secrets"                             \
	  " FROM (SELECT DISTINCT ON (id, version) * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[],"   \
	  " $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::bytea[])"          \
	  " AS r(ord, id, version, name, queue, is_restricted, is_archived, join_rule, reopen_window_ms, config,"      \
	  " secrets) ORDER BY id, version, ord) u WHERE b.id = u.id AND b.version = u.version RETURNING u.ord")

#define SQL_WRITES(X)                                                                                                  \
	X(BRAND_ADD, DB_WRITE, "ittti",                                                                                \
	  "INSERT INTO brand (id, name, language, zone, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",                      \
	  "INSERT INTO brand (id, name, language, zone, created_at)"                                                   \
	  " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[])")                     \
	X(TEAM_ADD, DB_WRITE, "iti", "INSERT INTO team (id, name, created_at) VALUES (?1, ?2, ?3)",                    \
	  "INSERT INTO team (id, name, created_at) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])")      \
	X(TEAM_MEMBERS_CLEAR, DB_WRITE, "i", "DELETE FROM team_member WHERE member = ?1",                              \
	  "DELETE FROM team_member WHERE member = ANY ($1::bigint[])")                                                 \
	X(TEAM_MEMBER_ADD, DB_WRITE, "ii",                                                                             \
	  "INSERT INTO team_member (team, member) VALUES (?1, ?2) ON CONFLICT DO NOTHING",                             \
	  "INSERT INTO team_member (team, member) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO "    \
	  "NOTHING")                                                                                                   \
	X(QUEUE_ADD, DB_WRITE, "iti", "INSERT INTO queue (id, name, created_at) VALUES (?1, ?2, ?3)",                  \
	  "INSERT INTO queue (id, name, created_at) SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[])")     \
	X(QUEUE_TEAM_ADD, DB_WRITE, "iii", "INSERT INTO queue_team (queue, team, position) VALUES (?1, ?2, ?3)",       \
	  "INSERT INTO queue_team (queue, team, position) SELECT * FROM unnest($1::bigint[], $2::bigint[], "           \
	  "$3::bigint[])")                                                                                             \
	X(USER_SAVE, DB_WRITE, "itiii",                                                                                \
	  "UPDATE users SET name = ?2, role = ?3, takes_work = ?4, is_disabled = ?5, version = version + 1"            \
	  " WHERE id = ?1",                                                                                            \
	  "UPDATE users t SET name = u.name, role = u.role, takes_work = u.takes_work, is_disabled = u.is_disabled,"   \
	  " version = t.version + 1 FROM (SELECT DISTINCT ON (id) * FROM unnest($1::bigint[], $2::text[],"             \
	  " $3::bigint[], $4::bigint[], $5::bigint[]) WITH ORDINALITY AS r(id, name, role, takes_work, is_disabled,"   \
	  " ord) ORDER BY id, ord DESC) u WHERE t.id = u.id")                                                          \
	X(USER_PASSWORD, DB_WRITE, "it", "UPDATE users SET password = ?2, version = version + 1 WHERE id = ?1",        \
	  "UPDATE users t SET password = u.password, version = t.version + 1 FROM (SELECT DISTINCT ON (id) *"          \
	  " FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS r(id, password, ord) ORDER BY id,"                \
	  " ord DESC) u WHERE t.id = u.id")                                                                            \
	X(SESSION_END_ALL, DB_WRITE, "ib", "DELETE FROM session WHERE member = ?1 AND token <> ?2",                    \
	  "DELETE FROM session s USING unnest($1::bigint[], $2::bytea[]) AS u(member, token)"                          \
	  " WHERE s.member = u.member AND s.token <> u.token")                                                         \
	X(SESSION_ADD, DB_WRITE, "bitiii",                                                                             \
	  "INSERT INTO session (token, member, csrf, created_at, last_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, "    \
	  "?6)",                                                                                                       \
	  "INSERT INTO session (token, member, csrf, created_at, last_at, expires_at)"                                 \
	  " SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])")    \
	X(SESSION_TOUCH, DB_WRITE, "bii", "UPDATE session SET last_at = ?2, expires_at = ?3 WHERE token = ?1",         \
	  "UPDATE session s SET last_at = u.last_at, expires_at = u.expires_at"                                        \
	  " FROM (SELECT DISTINCT ON (token) * FROM unnest($1::bytea[], $2::bigint[], $3::bigint[])"                   \
	  " WITH ORDINALITY AS r(token, last_at, expires_at, ord) ORDER BY token, ord DESC) u WHERE s.token = "        \
	  "u.token")                                                                                                   \
	X(SESSION_END, DB_WRITE, "b", "DELETE FROM session WHERE token = ?1",                                          \
	  "DELETE FROM session WHERE token = ANY ($1::bytea[])")                                                       \
	X(SESSION_PRUNE, DB_WRITE, "i", "DELETE FROM session WHERE expires_at < ?1",                                   \
	  "DELETE FROM session s USING unnest($1::bigint[]) AS u(at) WHERE s.expires_at < u.at")                       \
	X(INBOX_ADD, DB_WRITE, "ittiiiiitbi",                                                                          \
	  "INSERT INTO inbox (id, name, channel, brand, queue, is_restricted, is_archived, join_rule, "                \
	  "reopen_window_ms, config,"                                                                                  \
	  " secrets, created_at, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10, ?11, 1)",                \
	  "INSERT INTO inbox (id, name, channel, brand, queue, is_restricted, is_archived, join_rule, "                \
	  "reopen_window_ms, config,"                                                                                  \
	  " secrets, created_at, version) SELECT id, name, channel, brand, queue, is_restricted, 0, join_rule,"        \
	  " reopen_window_ms, config, secrets, created_at, 1 FROM unnest($1::bigint[], $2::text[], $3::text[], "       \
	  "$4::bigint[],"                                                                                              \
	  " $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::bytea[], $11::bigint[])"          \
	  " AS u(id, name, channel, brand, queue, is_restricted, join_rule, reopen_window_ms, config, secrets, "       \
	  "created_at)")                                                                                               \
	X(KV_PUT, DB_WRITE, "itt",                                                                                     \
	  "INSERT INTO inbox_kv (inbox, key, value) VALUES (?1, ?2, ?3) ON CONFLICT (inbox,"                           \
	  " key) DO UPDATE SET value = ?3",                                                                            \
	  "INSERT INTO inbox_kv (inbox, key, value) SELECT DISTINCT ON (inbox, key) inbox, key, value"                 \
	  " FROM unnest($1::bigint[], $2::text[], $3::text[]) WITH ORDINALITY AS r(inbox, key, value, ord)"            \
	  " ORDER BY inbox, key, ord DESC ON CONFLICT (inbox, key) DO UPDATE SET value = excluded.value")              \
	X(KV_DELETE, DB_WRITE, "it", "DELETE FROM inbox_kv WHERE inbox = ?1 AND key = ?2",                             \
	  "DELETE FROM inbox_kv k USING unnest($1::bigint[], $2::text[]) AS u(inbox, key)"                             \
	  " WHERE k.inbox = u.inbox AND k.key = u.key")                                                                \
	X(CONTACT_ADD, DB_WRITE, "itti",                                                                               \
	  "INSERT INTO contact (id, name, language, created_at, version) VALUES (?1, ?2, ?3, ?4, 1)",                  \
	  "INSERT INTO contact (id, name, language, created_at, version) SELECT id, name, language, created_at, 1"     \
	  " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS u(id, name, language, created_at)")     \
	X(CONTACT_RENAME, DB_WRITE, "it", "UPDATE contact SET name = ?2, version = version + 1 WHERE id = ?1",         \
	  "UPDATE contact c SET name = u.name, version = c.version + 1 FROM (SELECT DISTINCT ON (id) *"                \
	  " FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS r(id, name, ord) ORDER BY id, ord DESC) u"        \
	  " WHERE c.id = u.id")                                                                                        \
	X(CONVERSATION_ADD, DB_WRITE, "iiiiiiiiiiiiiiiiiiti",                                                          \
	  "INSERT INTO conversation (id, number, contact, brand, inbox, thread, state, handler, queue, assignee,"      \
	  " restricted, version, n_messages, created_at, last_at, last_in_at, last_out_at, resolved_at, previous,"     \
	  " rules_seq, preview, preview_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, ?12, ?13, ?14,"   \
	  " ?15, ?16, ?17, ?18, 0, ?19, ?20)",                                                                         \
	  "INSERT INTO conversation (id, number, contact, brand, inbox, thread, state, handler, queue, assignee,"      \
	  " restricted, version, n_messages, created_at, last_at, last_in_at, last_out_at, resolved_at, previous,"     \
	  " rules_seq, preview, preview_by) SELECT id, number, contact, brand, inbox, thread, state, handler, queue,"  \
	  " assignee, restricted, 1, n_messages, created_at, last_at, last_in_at, last_out_at, resolved_at, "          \
	  "previous, 0,"                                                                                               \
	  " preview, preview_by FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],"     \
	  " $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],"      \
	  " $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::text[],"    \
	  " $20::bigint[]) AS u(id, number, contact, brand, inbox, thread, state, handler, queue, assignee, "          \
	  "restricted,"                                                                                                \
	  " n_messages, created_at, last_at, last_in_at, last_out_at, resolved_at, previous, preview, preview_by)")    \
	X(PARTICIPANT_ADD, DB_WRITE, "iiiii",                                                                          \
	  "INSERT INTO participant (conversation, kind, who, role, created_at) VALUES (?1, ?2, ?3, ?4, ?5)"            \
	  " ON CONFLICT DO NOTHING",                                                                                   \
	  "INSERT INTO participant (conversation, kind, who, role, created_at)"                                        \
	  " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) ON CONFLICT "   \
	  "DO NOTHING")                                                                                                \
	X(MESSAGE_ADD, DB_WRITE, "iiiiiiiiiittiiitit",                                                                 \
	  "INSERT INTO message (id, conversation, contact, thread, inbox, author, author_id, is_out, origin, "         \
	  "audience,"                                                                                                  \
	  " provider_id, key, reply_to, sent_at, received_at, parts, delivery, error)"                                 \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",                 \
	  "INSERT INTO message (id, conversation, contact, thread, inbox, author, author_id, is_out, origin, "         \
	  "audience,"                                                                                                  \
	  " provider_id, key, reply_to, sent_at, received_at, parts, delivery, error)"                                 \
	  " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],"  \
	  " $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::bigint[],"         \
	  " $14::bigint[], $15::bigint[], $16::text[], $17::bigint[], $18::text[])")                                   \
	X(FILE_ADD, DB_WRITE, "itttiitii",                                                                             \
	  "INSERT INTO file (id, blob, name, mime, bytes, inbox, owner, scan, audience, created_at, expires_at)"       \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 1, ?8, ?9)",                                                        \
	  "INSERT INTO file (id, blob, name, mime, bytes, inbox, owner, scan, audience, created_at, expires_at)"       \
	  " SELECT id, blob, name, mime, bytes, inbox, owner, 0, 1, created_at, expires_at FROM unnest($1::bigint[], " \
	  "$2::text[],"                                                                                                \
	  " $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[])"               \
	  " AS u(id, blob, name, mime, bytes, inbox, owner, created_at, expires_at)")                                  \
	X(FILE_PRUNE, DB_WRITE, "i", "DELETE FROM file WHERE expires_at < ?1",                                         \
	  "DELETE FROM file f USING unnest($1::bigint[]) AS u(at) WHERE f.expires_at < u.at")                          \
	X(OUTBOX_BACK, DB_WRITE, "iitii",                                                                              \
	  "UPDATE outbox SET state = 0, next_at = ?2, resume = ?3, attempt = ?4, in_doubt = ?5 WHERE message = ?1",    \
	  "UPDATE outbox o SET state = 0, next_at = u.next_at, resume = u.resume, attempt = u.attempt, in_doubt = "    \
	  "u.in_doubt"                                                                                                 \
	  " FROM (SELECT DISTINCT ON (message) * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[],"    \
	  " $5::bigint[]) WITH ORDINALITY AS r(message, next_at, resume, attempt, in_doubt, ord) ORDER BY message, "   \
	  "ord DESC) u"                                                                                                \
	  " WHERE o.message = u.message")                                                                              \
	X(OUTBOX_END, DB_WRITE, "i", "DELETE FROM outbox WHERE message = ?1",                                          \
	  "DELETE FROM outbox WHERE message = ANY ($1::bigint[])")                                                     \
	X(SEEN_DROP, DB_WRITE, "iit", "DELETE FROM seen WHERE inbox = ?1 AND kind = ?2 AND key = ?3",                  \
	  "DELETE FROM seen s USING unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(inbox, kind, key)"             \
	  " WHERE s.inbox = u.inbox AND s.kind = u.kind AND s.key = u.key")                                            \
	X(RECEIPT_HOLD, DB_WRITE, "itiit",                                                                             \
	  "INSERT INTO receipt_held (inbox, provider_id, delivery, at, error) VALUES (?1, ?2, ?3, ?4, ?5) ON "         \
	  "CONFLICT DO NOTHING",                                                                                       \
	  "INSERT INTO receipt_held (inbox, provider_id, delivery, at, error)"                                         \
	  " SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[]) ON CONFLICT DO "    \
	  "NOTHING")                                                                                                   \
	X(RECEIPT_DROP, DB_WRITE, "it", "DELETE FROM receipt_held WHERE inbox = ?1 AND provider_id = ?2",              \
	  "DELETE FROM receipt_held r USING unnest($1::bigint[], $2::text[]) AS u(inbox, provider_id)"                 \
	  " WHERE r.inbox = u.inbox AND r.provider_id = u.provider_id")                                                \
	X(RECEIPT_PRUNE, DB_WRITE, "i", "DELETE FROM receipt_held WHERE at < ?1",                                      \
	  "DELETE FROM receipt_held r USING unnest($1::bigint[]) AS u(at) WHERE r.at < u.at")                          \
	X(CURSOR_SAVE, DB_WRITE, "ti",                                                                                 \
	  "INSERT INTO cursor (consumer, seq) VALUES (?1, ?2) ON CONFLICT (consumer) DO UPDATE SET seq = ?2",          \
	  "INSERT INTO cursor (consumer, seq) SELECT DISTINCT ON (consumer) consumer, seq FROM unnest($1::text[],"     \
	  " $2::bigint[]) WITH ORDINALITY AS r(consumer, seq, ord) ORDER BY consumer, ord DESC"                        \
	  " ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq")

// The last of every batch.
#define SQL_LOG(X)                                                                                                     \
	X(EVENT_ADD, DB_LOG, "iiiiiiiiiii",                                                                            \
	  "INSERT INTO event (seq, at, kind, actor_kind, actor, conversation, contact, message, was, becomes, inbox, " \
	  "thread)"                                                                                                    \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",                                               \
	  "WITH h AS (UPDATE feed_head SET seq = seq + cardinality($1::int[]) RETURNING seq),"                         \
	  " i AS (INSERT INTO event (seq, at, kind, actor_kind, actor, conversation, contact, message, was, becomes, " \
	  "inbox,"                                                                                                     \
	  " thread) SELECT h.seq - cardinality($1::int[]) + u.ord, u.at, u.kind, u.actor_kind, u.actor, "              \
	  "u.conversation,"                                                                                            \
	  " u.contact, u.message, u.was, u.becomes, u.inbox, u.thread FROM h, unnest($1::int[], $2::bigint[], "        \
	  "$3::bigint[],"                                                                                              \
	  " $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], "       \
	  "$11::bigint[],"                                                                                             \
	  " $12::bigint[]) AS u(ord, at, kind, actor_kind, actor, conversation, contact, message, was, becomes, "      \
	  "inbox, thread))"                                                                                            \
	  " SELECT seq FROM h")
