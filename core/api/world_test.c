// SPDX-License-Identifier: Apache-2.0
// Opens and closes the world of the API's tests, and fills it.
#include "world_test.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include <stdio.h>
#include <string.h>

struct world w;

static const uint8_t key[SECRET_KEY] = "a key that is 32 bytes long....";

// Lines that nobody expects fail the test.
static char unexpected[2000];
static void take_line(enum log_level level, const char *line, void *arg)
{
	if (level > LOG_WARN || strstr(line, " took ") || (w.expected && strstr(line, w.expected))) return;
	strncat(unexpected, line, sizeof unexpected - strlen(unexpected) - 2);
	strcat(unexpected, "\n");
}

static void on_status(int status, void *arg)
{
	w.status = status;
	fixture_done(&w.f);
}

static void on_done(void *arg) { fixture_done(&w.f); }

static void on_first(int status, const char *email, const char *password, void *arg)
{
	assert_int_equal(status, 0);
	snprintf(w.email, sizeof w.email, "%s", email);
	snprintf(w.password, sizeof w.password, "%s", password);
	fixture_done(&w.f);
}

void world_load(void)
{
	directory_load(w.directory, on_status, NULL);
	fixture_wait(&w.f);
	assert_int_equal(w.status, 0);
}

static void open_river(void)
{
	struct err e = {0};
	struct pipeline_options po = {.loop = w.f.loop, .store = w.f.store, .directory = w.directory, .media = w.media};
	w.pipeline = pipeline_new(&po);
	pipeline_ports(w.pipeline, &w.ports);
	if (http_client_new(&w.client, w.f.loop, 4, &e)) fail_msg("%s", e.text);
	struct channel_options co = {.loop = w.f.loop,
				     .client = w.client,
				     .ports = &w.ports,
				     .public_url = "http://desk.test",
				     .key = {(const char *)key, sizeof key}};
	if (channels_new(&w.channels, &co, &e)) fail_msg("%s", e.text);
	pipeline_set_channels(w.pipeline, w.channels);
}

static void open_api(void)
{
	struct err e = {0};
	struct api_options ao = {.loop = w.f.loop,
				 .store = w.f.store,
				 .directory = w.directory,
				 .media = w.media,
				 .pipeline = w.pipeline,
				 .channels = w.channels,
				 .public_url = "https://desk.test/",
				 .key = key,
				 .secure_cookies = true,
				 .upload_bytes = 100000};
	if (api_new(&w.api, &ao, &e)) fail_msg("%s", e.text);
	api_first_admin(w.api, on_first, NULL);
	fixture_wait(&w.f);
	pipeline_start(w.pipeline, on_status, NULL);
	fixture_wait(&w.f);
	assert_int_equal(w.status, 0);
	if (http_server_open(&w.server, w.f.loop, "127.0.0.1:0", &HTTP_LIMITS, api_handler(w.api), &e))
		fail_msg("%s", e.text);
	w.port = http_server_port(w.server);
}

int world_open(void **state)
{
	char folder[96];
	struct err e = {0};
	unexpected[0] = '\0';
	log_capture(take_line, NULL);
	w = (struct world){0};
	fixture_open(&w.f);
	snprintf(folder, sizeof folder, "%s/files", w.f.folder);
	if (media_open(&w.media, w.f.store, w.f.loop, folder, &e)) fail_msg("%s", e.text);
	assert_int_equal(directory_new(&w.directory, w.f.store), 0);
	world_load();
	open_river();
	open_api();
	return 0;
}

int world_close(void **state)
{
	http_server_close(w.server, 0, on_done, NULL);
	fixture_wait(&w.f);
	api_close(w.api, on_done, NULL);
	fixture_wait(&w.f);
	if (w.after_api) w.after_api();
	channels_close(w.channels, 0, on_done, NULL);
	fixture_wait(&w.f);
	pipeline_close(w.pipeline, on_done, NULL);
	fixture_wait(&w.f);
	pipeline_free(&w.pipeline);
	http_client_free(&w.client);
	media_close(&w.media);
	fixture_close(&w.f);
	directory_free(&w.directory);
	clock_real();
	log_capture(NULL, NULL);
	if (unexpected[0]) fprintf(stderr, "unexpected in the log: %s", unexpected);
	return unexpected[0] != 0;
}

// ---- turns ----------------------------------------------------------------------------------------------------------

struct waiting {
	bool (*is_so)(void *arg);
	void *arg;
	int n_turns;
};

// No timer: the clock may stand still.
static void look(void *arg)
{
	struct waiting *x = arg;
	x->n_turns--;
	if (x->is_so ? x->is_so(x->arg) : x->n_turns <= 0)
		fixture_done(&w.f);
	else
		loop_post(w.f.loop, look, x);
}

void world_wait_until(bool (*is_so)(void *arg), void *arg)
{
	struct waiting x = {.is_so = is_so, .arg = arg};
	loop_post(w.f.loop, look, &x);
	fixture_wait(&w.f);
}

static bool is_quiet(void *arg) { return !w.api->n_calls; }

void world_settle(void) { world_wait_until(is_quiet, NULL); }

void world_run(void)
{
	struct waiting x = {.n_turns = 300};
	loop_post(w.f.loop, look, &x);
	fixture_wait(&w.f);
}

// ---- what is there --------------------------------------------------------------------------------------------------

struct person admin(void)
{
	struct person p = {0};
	struct reply r = post(&p, "/login", "{\"email\":\"%s\",\"password\":\"%s\"}", w.email, w.password);
	assert_int_equal(r.status, 200);
	snprintf(p.csrf, sizeof p.csrf, "%s", text_at(r.json, "/csrf"));
	p.id = json_id_of(json_get(r.json, "user"), "id");
	return p;
}

struct person person(const char *name, const char *role, const uint64_t *teams)
{
	struct person boss = admin(), p = {0};
	struct buf list = {0};
	buf_add(&list, STR(""));
	for (size_t i = 0; teams && teams[i]; i++)
		buf_printf(&list, "%s\"%llu\"", i ? "," : "", (unsigned long long)teams[i]);
	struct reply r =
		post(&boss, "/users", "{\"name\":\"%s\",\"email\":\"%s@example.org\",\"role\":\"%s\",\"teams\":[%s]}",
		     name, name, role, list.p ? list.p : "");
	assert_int_equal(r.status, 201);
	r = post(&p, "/login", "{\"email\":\"%s@example.org\",\"password\":\"%s\"}", name,
		 text_at(r.json, "/password"));
	assert_int_equal(r.status, 200);
	snprintf(p.csrf, sizeof p.csrf, "%s", text_at(r.json, "/csrf"));
	p.id = json_id_of(json_get(r.json, "user"), "id");
	buf_fini(&list);
	return p;
}

uint64_t a_team(const char *name)
{
	struct person boss = admin();
	struct reply r = post(&boss, "/teams", "{\"name\":\"%s\"}", name);
	assert_int_equal(r.status, 201);
	return json_id_of(json_get(r.json, "team"), "id");
}

uint64_t a_queue(const char *name, uint64_t team)
{
	struct person boss = admin();
	struct reply r =
		post(&boss, "/queues", "{\"name\":\"%s\",\"teams\":[\"%llu\"]}", name, (unsigned long long)team);
	assert_int_equal(r.status, 201);
	return json_id_of(json_get(r.json, "queue"), "id");
}

static void add_message(struct unit *u, const struct conversation *c, const char *text)
{
	struct message m = {.id = fixture_id(&w.f),
			    .conversation = c->id,
			    .contact = c->contact,
			    .thread = c->thread,
			    .inbox = c->inbox,
			    .author_id = c->contact,
			    .received_at = c->last_at,
			    .parts = arena_printf(w.f.arena, "[{\"type\":\"text\",\"text\":\"%s\"}]", text)};
	struct event e = {.at_ms = c->last_at,
			  .kind = EVENT_CONVERSATION_CREATED,
			  .actor = {ACTOR_CONTACT, c->contact},
			  .conversation = c->id,
			  .contact = c->contact};
	unit_add_event(u, &e);
	e.kind = EVENT_MESSAGE_IN;
	e.message = m.id;
	unit_add_event(u, &e);
	unit_add_message(u, &m);
}

uint64_t a_conversation(const struct place *p, const char *text)
{
	struct unit *u = unit_new(w.f.store);
	int64_t now = clock_now_ms();
	struct contact k = {.id = fixture_id(&w.f), .name = STR("Оля"), .created_at = now};
	struct identity i = {.id = fixture_id(&w.f),
			     .contact = k.id,
			     .kind = STR("phone"),
			     .scope = STR(""),
			     .address = arena_printf(w.f.arena, "+%llu", (unsigned long long)k.id),
			     .proof = PROOF_CHANNEL,
			     .created_at = now};
	struct conversation c = {.id = fixture_id(&w.f),
				 .number = 1001,
				 .contact = k.id,
				 .brand = 1,
				 .inbox = 2,
				 .handler = p->assignee ? HANDLER_AGENT : HANDLER_NONE,
				 .queue = p->queue,
				 .assignee = p->assignee,
				 .restricted = p->restricted,
				 .version = 1,
				 .n_messages = 1,
				 .created_at = now,
				 .last_at = now,
				 .last_in_at = now};
	struct thread t = {.id = fixture_id(&w.f),
			   .inbox = 2,
			   .contact = k.id,
			   .identity = i.id,
			   .conversation = c.id,
			   .external = i.address,
			   .created_at = now};
	c.thread = t.id;
	conversation_set_preview(&c, str_of(text), AUTHOR_CONTACT);
	unit_add_contact(u, &k);
	unit_add_identity(u, &i);
	unit_add_thread(u, &t);
	unit_add_conversation(u, &c);
	add_message(u, &c, text);
	assert_int_equal(fixture_commit(&w.f, u), 0);
	return c.id;
}

uint64_t contact_of(uint64_t conversation)
{
	const struct db_rows *r = fixture_read(&w.f, STMT_CONVERSATION, (struct db_value[]){DB_INT(conversation)});
	return (uint64_t)db_int(r, 0, 2);
}
