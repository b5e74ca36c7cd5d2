// SPDX-License-Identifier: Apache-2.0
// Every statement that reads the domain's tables: name, params, result (db.h), and one text for both dialects where
// they agree.
#pragma once

// Columns in the order of the row readers in records/*.c.
#define CONVERSATION_RESULT "iiiiiiiiiiiiiiiiiiiiti"
#define CONVERSATION_COLUMNS                                                                                           \
	" c.id, c.number, c.contact, c.brand, c.inbox, c.thread, c.state, c.handler, c.queue, c.assignee, "            \
	"c.restricted,"                                                                                                \
	" c.version, c.n_messages, c.created_at, c.last_at, c.last_in_at, c.last_out_at, c.resolved_at, c.previous,"   \
	" c.rules_seq, c.preview, c.preview_by "
#define MESSAGE_RESULT "iiiiiiiiiittiiitit"
#define MESSAGE_COLUMNS                                                                                                \
	" m.id, m.conversation, m.contact, m.thread, m.inbox, m.author, m.author_id, m.is_out, m.origin, m.audience,"  \
	" m.provider_id, m.key, m.reply_to, m.sent_at, m.received_at, m.parts, m.delivery, m.error "
#define EVENT_RESULT "iiiiiiiiiiii"
#define EVENT_COLUMNS                                                                                                  \
	" e.seq, e.at, e.kind, e.actor_kind, e.actor, e.conversation, e.contact, e.message, e.was, e.becomes, "        \
	"e.inbox, e.thread "

// domain/access.c in SQL: ?1 user (0: a disabled one), ?2 sees_all, ?3 queues. A test holds the two against each other.
#define ACCESS_SQLITE                                                                                                  \
	" (?1 > 0 AND (c.assignee = ?1 OR c.queue IN (SELECT value FROM json_each(?3))"                                \
	" OR (c.restricted IS NULL AND (?2 = 1 OR c.queue IS NULL)))) "
#define ACCESS_PGSQL                                                                                                   \
	" ($1 > 0 AND (c.assignee = $1 OR c.queue = ANY ($3)"                                                          \
	" OR (c.restricted IS NULL AND ($2 = 1 OR c.queue IS NULL)))) "

// A list of conversations: ?1-?3 access, ?4 ?5 the last row of the page before (last_at, id), ?6 limit, then its own.
#define LIST_SQLITE(where)                                                                                             \
	"SELECT" CONVERSATION_COLUMNS ", k.name FROM conversation c JOIN contact k ON k.id = c.contact WHERE " where   \
	" AND (c.last_at, c.id) < (?4, ?5) AND" ACCESS_SQLITE "ORDER BY c.last_at DESC, c.id DESC LIMIT ?6"
#define LIST_PGSQL(where)                                                                                              \
	"SELECT" CONVERSATION_COLUMNS ", k.name FROM conversation c JOIN contact k ON k.id = c.contact WHERE " where   \
	" AND (c.last_at, c.id) < ($4, $5) AND" ACCESS_PGSQL "ORDER BY c.last_at DESC, c.id DESC LIMIT $6"

// Of such a list: ?7 to ?8 the states, ?9 the view: 0 all, 1 mine, 2 unassigned. The indexes want active and done
// apart.
#define BY_SQLITE "c.state BETWEEN ?7 AND ?8 AND (?9 = 0 OR (?9 = 1 AND c.assignee = ?1) OR (?9 = 2 AND c.handler = 0))"
#define BY_PGSQL "c.state BETWEEN $7 AND $8 AND ($9 = 0 OR ($9 = 1 AND c.assignee = $1) OR ($9 = 2 AND c.handler = 0))"

#define SQL_READS(X)                                                                                                   \
	X(SENDER, DB_READ, "itttt", "iiiiiit",                                                                         \
	  "SELECT t.id, t.contact, t.conversation, i.id, i.contact, i.proof, k.name FROM (SELECT 1) x"                 \
	  " LEFT JOIN thread t ON t.inbox = ?1 AND t.external = ?2"                                                    \
	  " LEFT JOIN identity i ON i.kind = ?3 AND i.scope = ?4 AND i.address = ?5"                                   \
	  " LEFT JOIN contact k ON k.id = i.contact",                                                                  \
	  "SELECT t.id, t.contact, t.conversation, i.id, i.contact, i.proof, k.name FROM (SELECT 1) x"                 \
	  " LEFT JOIN thread t ON t.inbox = $1 AND t.external = $2"                                                    \
	  " LEFT JOIN identity i ON i.kind = $3 AND i.scope = $4 AND i.address = $5"                                   \
	  " LEFT JOIN contact k ON k.id = i.contact")                                                                  \
	X(CONVERSATION_OF_CONTACT, DB_READ, "i", CONVERSATION_RESULT "t",                                              \
	  "SELECT" CONVERSATION_COLUMNS ", k.name FROM conversation c JOIN contact k ON k.id = c.contact"              \
	  " WHERE c.contact = ?1 AND c.state <> 3 ORDER BY c.last_out_at IS NULL, c.last_out_at DESC, c.id DESC "      \
	  "LIMIT 8",                                                                                                   \
	  "SELECT" CONVERSATION_COLUMNS ", k.name FROM conversation c JOIN contact k ON k.id = c.contact"              \
	  " WHERE c.contact = $1 AND c.state <> 3 ORDER BY c.last_out_at IS NULL, c.last_out_at DESC, c.id DESC "      \
	  "LIMIT 8")                                                                                                   \
	X(CONVERSATION, DB_READ, "i", CONVERSATION_RESULT "t",                                                         \
	  "SELECT" CONVERSATION_COLUMNS                                                                                \
	  ", k.name FROM conversation c JOIN contact k ON k.id = c.contact WHERE c.id = ?1",                           \
	  "SELECT" CONVERSATION_COLUMNS                                                                                \
	  ", k.name FROM conversation c JOIN contact k ON k.id = c.contact WHERE c.id = $1")                           \
	X(CONVERSATIONS_ACTIVE, DB_READ, "iiIiii", CONVERSATION_RESULT "t", LIST_SQLITE("c.state <= 1"),               \
	  LIST_PGSQL("c.state <= 1"))                                                                                  \
	X(CONVERSATIONS_MINE, DB_READ, "iiIiii", CONVERSATION_RESULT "t",                                              \
	  LIST_SQLITE("c.state <= 1 AND c.assignee = ?1"), LIST_PGSQL("c.state <= 1 AND c.assignee = $1"))             \
	X(CONVERSATIONS_UNASSIGNED, DB_READ, "iiIiii", CONVERSATION_RESULT "t",                                        \
	  LIST_SQLITE("c.state <= 1 AND c.handler = 0"), LIST_PGSQL("c.state <= 1 AND c.handler = 0"))                 \
	X(CONVERSATIONS_ACTIVE_BY, DB_READ, "iiIiiiiii", CONVERSATION_RESULT "t",                                      \
	  LIST_SQLITE("c.state <= 1 AND " BY_SQLITE), LIST_PGSQL("c.state <= 1 AND " BY_PGSQL))                        \
	X(CONVERSATIONS_DONE, DB_READ, "iiIiiiiii", CONVERSATION_RESULT "t",                                           \
	  LIST_SQLITE("c.state > 1 AND " BY_SQLITE), LIST_PGSQL("c.state > 1 AND " BY_PGSQL))                          \
	X(CONVERSATIONS_OF, DB_READ, "iiIiiii", CONVERSATION_RESULT "t", LIST_SQLITE("c.contact = ?7"),                \
	  LIST_PGSQL("c.contact = $7"))                                                                                \
	X(TIMELINE, DB_READ, "iii", EVENT_RESULT MESSAGE_RESULT,                                                       \
	  "SELECT" EVENT_COLUMNS "," MESSAGE_COLUMNS "FROM event e LEFT JOIN message m ON m.id = e.message"            \
	  " AND e.kind IN (1, 2) WHERE e.conversation = ?1 AND e.seq < ?2 ORDER BY e.seq DESC LIMIT ?3",               \
	  "SELECT" EVENT_COLUMNS "," MESSAGE_COLUMNS "FROM event e LEFT JOIN message m ON m.id = e.message"            \
	  " AND e.kind IN (1, 2) WHERE e.conversation = $1 AND e.seq < $2 ORDER BY e.seq DESC LIMIT $3")               \
	X(EVENTS_AFTER, DB_READ, "ii", EVENT_RESULT MESSAGE_RESULT CONVERSATION_RESULT "t",                            \
	  "SELECT" EVENT_COLUMNS "," MESSAGE_COLUMNS "," CONVERSATION_COLUMNS ", k.name FROM event e"                  \
	  " LEFT JOIN message m ON m.id = e.message LEFT JOIN conversation c ON c.id = e.conversation"                 \
	  " LEFT JOIN contact k ON k.id = c.contact WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2",                         \
	  "SELECT" EVENT_COLUMNS "," MESSAGE_COLUMNS "," CONVERSATION_COLUMNS ", k.name FROM event e"                  \
	  " LEFT JOIN message m ON m.id = e.message LEFT JOIN conversation c ON c.id = e.conversation"                 \
	  " LEFT JOIN contact k ON k.id = c.contact WHERE e.seq > $1 ORDER BY e.seq LIMIT $2")                         \
	X(SEQ_HEAD, DB_READ, "", "i", "SELECT seq FROM feed_head", "SELECT seq FROM feed_head")                        \
	X(MESSAGE, DB_READ, "i", MESSAGE_RESULT "i",                                                                   \
	  "SELECT" MESSAGE_COLUMNS ", coalesce((SELECT max(e.seq) FROM event e WHERE e.conversation = m.conversation"  \
	  " AND e.message = m.id), 0) FROM message m WHERE m.id = ?1",                                                 \
	  "SELECT" MESSAGE_COLUMNS ", coalesce((SELECT max(e.seq) FROM event e WHERE e.conversation = m.conversation"  \
	  " AND e.message = m.id), 0) FROM message m WHERE m.id = $1")                                                 \
	/* Ours, that a receipt is about: what customers write may bear the same id. */                                \
	X(MESSAGE_OF_PROVIDER, DB_READ, "it", MESSAGE_RESULT "i",                                                      \
	  "SELECT" MESSAGE_COLUMNS                                                                                     \
	  ", 0 FROM message m WHERE m.inbox = ?1 AND m.provider_id = ?2 AND m.is_out = 1 ORDER BY m.id DESC LIMIT 1",  \
	  "SELECT" MESSAGE_COLUMNS ", 0::bigint FROM message m WHERE m.inbox = $1 AND m.provider_id = $2"              \
	  " AND m.is_out = 1 ORDER BY m.id DESC LIMIT 1")                                                              \
	/* What a message answers: a provider's ids may be its own in each thread, so this thread's first, then the    \
	 * newest. */                                                                                                  \
	X(MESSAGE_ANSWERED, DB_READ, "itt", MESSAGE_RESULT "i",                                                        \
	  "SELECT" MESSAGE_COLUMNS ", 0 FROM message m WHERE m.inbox = ?1 AND m.provider_id = ?2"                      \
	  " ORDER BY m.thread IS (SELECT t.id FROM thread t WHERE t.inbox = ?1 AND t.external = ?3) DESC, m.id DESC "  \
	  "LIMIT 1",                                                                                                   \
	  "SELECT" MESSAGE_COLUMNS ", 0::bigint FROM message m WHERE m.inbox = $1 AND m.provider_id = $2"              \
	  " ORDER BY (m.thread IS NOT DISTINCT FROM (SELECT t.id FROM thread t WHERE t.inbox = $1 AND t.external = "   \
	  "$3)) DESC,"                                                                                                 \
	  " m.id DESC LIMIT 1")                                                                                        \
	X(REPLAY, DB_READ, "iii", "i" MESSAGE_RESULT,                                                                  \
	  "SELECT e.seq," MESSAGE_COLUMNS "FROM event e JOIN message m ON m.id = e.message WHERE e.conversation IN"    \
	  " (SELECT c.id FROM conversation c WHERE c.contact = (SELECT t.contact FROM thread t WHERE t.id = ?1))"      \
	  " AND e.kind IN (1, 2) AND m.thread = ?1 AND m.audience <> 1 AND e.seq > ?2 ORDER BY e.seq LIMIT ?3",        \
	  "SELECT e.seq," MESSAGE_COLUMNS "FROM event e JOIN message m ON m.id = e.message WHERE e.conversation IN"    \
	  " (SELECT c.id FROM conversation c WHERE c.contact = (SELECT t.contact FROM thread t WHERE t.id = $1))"      \
	  " AND e.kind IN (1, 2) AND m.thread = $1 AND m.audience <> 1 AND e.seq > $2 ORDER BY e.seq LIMIT $3")        \
	X(REPLAY_LAST, DB_READ, "ii", "i" MESSAGE_RESULT,                                                              \
	  "SELECT e.seq," MESSAGE_COLUMNS "FROM event e JOIN message m ON m.id = e.message WHERE e.conversation IN"    \
	  " (SELECT c.id FROM conversation c WHERE c.contact = (SELECT t.contact FROM thread t WHERE t.id = ?1))"      \
	  " AND e.kind IN (1, 2) AND m.thread = ?1 AND m.audience <> 1 ORDER BY e.seq DESC LIMIT ?2",                  \
	  "SELECT e.seq," MESSAGE_COLUMNS "FROM event e JOIN message m ON m.id = e.message WHERE e.conversation IN"    \
	  " (SELECT c.id FROM conversation c WHERE c.contact = (SELECT t.contact FROM thread t WHERE t.id = $1))"      \
	  " AND e.kind IN (1, 2) AND m.thread = $1 AND m.audience <> 1 ORDER BY e.seq DESC LIMIT $2")                  \
	X(THREAD_OF_EXTERNAL, DB_READ, "it", "iiii",                                                                   \
	  "SELECT id, contact, identity, conversation FROM thread WHERE inbox = ?1 AND external = ?2",                 \
	  "SELECT id, contact, identity, conversation FROM thread WHERE inbox = $1 AND external = $2")                 \
	X(THREAD, DB_READ, "i", "iittttiti",                                                                           \
	  "SELECT t.id, t.inbox, t.external, i.kind, i.scope, i.address, t.contact, k.name, i.proof FROM thread t"     \
	  " JOIN identity i ON i.id = t.identity JOIN contact k ON k.id = t.contact WHERE t.id = ?1",                  \
	  "SELECT t.id, t.inbox, t.external, i.kind, i.scope, i.address, t.contact, k.name, i.proof FROM thread t"     \
	  " JOIN identity i ON i.id = t.identity JOIN contact k ON k.id = t.contact WHERE t.id = $1")                  \
	X(CONTACT, DB_READ, "i", "ittii", "SELECT id, name, language, created_at, version FROM contact WHERE id = ?1", \
	  "SELECT id, name, language, created_at, version FROM contact WHERE id = $1")                                 \
	X(IDENTITIES, DB_READ, "i", "itttitiii",                                                                       \
	  "SELECT id, kind, scope, address, contact, name, proof, is_shared, created_at FROM identity WHERE contact "  \
	  "= ?1 ORDER BY id",                                                                                          \
	  "SELECT id, kind, scope, address, contact, name, proof, is_shared, created_at FROM identity WHERE contact "  \
	  "= $1 ORDER BY id")                                                                                          \
	X(SEEN, DB_READ, "iit", "i", "SELECT ref FROM seen WHERE inbox = ?1 AND kind = ?2 AND key = ?3",               \
	  "SELECT ref FROM seen WHERE inbox = $1 AND kind = $2 AND key = $3")                                          \
	X(SEEN_OLD, DB_READ, "ii", "iit", "SELECT inbox, kind, key FROM seen WHERE at < ?1 LIMIT ?2",                  \
	  "SELECT inbox, kind, key FROM seen WHERE at < $1 LIMIT $2")                                                  \
	X(USERS, DB_READ, "", "itttiii",                                                                               \
	  "SELECT id, name, email, password, role, takes_work, is_disabled FROM users ORDER BY id",                    \
	  "SELECT id, name, email, password, role, takes_work, is_disabled FROM users ORDER BY id")                    \
	X(USER_LOGIN, DB_READ, "t", "iti", "SELECT id, password, is_disabled FROM users WHERE email = ?1",             \
	  "SELECT id, password, is_disabled FROM users WHERE email = $1")                                              \
	X(USER_PASSWORD_OF, DB_READ, "i", "t", "SELECT password FROM users WHERE id = ?1",                             \
	  "SELECT password FROM users WHERE id = $1")                                                                  \
	X(TEAMS, DB_READ, "", "it", "SELECT id, name FROM team ORDER BY id", "SELECT id, name FROM team ORDER BY id")  \
	X(TEAM_MEMBERS, DB_READ, "", "ii", "SELECT member, team FROM team_member ORDER BY member, team",               \
	  "SELECT member, team FROM team_member ORDER BY member, team")                                                \
	X(QUEUES, DB_READ, "", "it", "SELECT id, name FROM queue ORDER BY id",                                         \
	  "SELECT id, name FROM queue ORDER BY id")                                                                    \
	X(QUEUE_TEAMS, DB_READ, "", "ii", "SELECT queue, team FROM queue_team ORDER BY queue, position",               \
	  "SELECT queue, team FROM queue_team ORDER BY queue, position")                                               \
	X(BRANDS, DB_READ, "", "ittt", "SELECT id, name, language, zone FROM brand ORDER BY id",                       \
	  "SELECT id, name, language, zone FROM brand ORDER BY id")                                                    \
	X(INBOXES, DB_READ, "", "ittiiiiiitbii",                                                                       \
	  "SELECT id, name, channel, brand, queue, is_restricted, is_archived, join_rule, reopen_window_ms, config, "  \
	  "secrets,"                                                                                                   \
	  " created_at, version FROM inbox ORDER BY id",                                                               \
	  "SELECT id, name, channel, brand, queue, is_restricted, is_archived, join_rule, reopen_window_ms, config, "  \
	  "secrets,"                                                                                                   \
	  " created_at, version FROM inbox ORDER BY id")                                                               \
	X(SESSION, DB_READ, "b", "itii", "SELECT member, csrf, last_at, expires_at FROM session WHERE token = ?1",     \
	  "SELECT member, csrf, last_at, expires_at FROM session WHERE token = $1")                                    \
	X(FILE, DB_READ, "i", "itttiitiiiii",                                                                          \
	  "SELECT id, blob, name, mime, bytes, inbox, owner, scan, audience, message, conversation, thread FROM file " \
	  "WHERE id = ?1",                                                                                             \
	  "SELECT id, blob, name, mime, bytes, inbox, owner, scan, audience, message, conversation, thread FROM file " \
	  "WHERE id = $1")                                                                                             \
	X(FILES, DB_READ, "I", "itttiitiiiii",                                                                         \
	  "SELECT id, blob, name, mime, bytes, inbox, owner, scan, audience, message, conversation, thread FROM file"  \
	  " WHERE id IN (SELECT value FROM json_each(?1))",                                                            \
	  "SELECT id, blob, name, mime, bytes, inbox, owner, scan, audience, message, conversation, thread FROM file"  \
	  " WHERE id = ANY ($1)")                                                                                      \
	X(BLOBS_USED, DB_READ, "T", "t",                                                                               \
	  "SELECT DISTINCT blob FROM file WHERE blob IN (SELECT value FROM json_each(?1))",                            \
	  "SELECT DISTINCT blob FROM file WHERE blob = ANY ($1)")                                                      \
	X(OUTBOX_ALL, DB_READ, "ii", "iiiiiiiiiti",                                                                    \
	  "SELECT message, inbox, thread, conversation, state, attempt, next_at, expires_at, epoch, resume, in_doubt " \
	  "FROM "                                                                                                      \
	  "outbox"                                                                                                     \
	  " WHERE message > ?1 ORDER BY message LIMIT ?2",                                                             \
	  "SELECT message, inbox, thread, conversation, state, attempt, next_at, expires_at, epoch, resume, in_doubt " \
	  "FROM "                                                                                                      \
	  "outbox"                                                                                                     \
	  " WHERE message > $1 ORDER BY message LIMIT $2")                                                             \
	X(RECEIPTS_HELD, DB_READ, "it", "iit",                                                                         \
	  "SELECT delivery, at, error FROM receipt_held WHERE inbox = ?1 AND provider_id = ?2 ORDER BY at",            \
	  "SELECT delivery, at, error FROM receipt_held WHERE inbox = $1 AND provider_id = $2 ORDER BY at")            \
	X(CURSOR, DB_READ, "t", "i", "SELECT seq FROM cursor WHERE consumer = ?1",                                     \
	  "SELECT seq FROM cursor WHERE consumer = $1")                                                                \
	X(KV, DB_READ, "it", "t", "SELECT value FROM inbox_kv WHERE inbox = ?1 AND key = ?2",                          \
	  "SELECT value FROM inbox_kv WHERE inbox = $1 AND key = $2")                                                  \
	X(OPEN_COUNTS, DB_READ, "", "ii",                                                                              \
	  "SELECT assignee, count(*) FROM conversation WHERE state <= 1 AND assignee IS NOT NULL GROUP BY assignee",   \
	  "SELECT assignee, count(*) FROM conversation WHERE state <= 1 AND assignee IS NOT NULL GROUP BY assignee")
