// SPDX-License-Identifier: Apache-2.0
// Tests: the API on a real HTTP server, river and store (SQLite), and people who talk to it over sockets.
#pragma once
#include "fixture_test.h"
#include "inside.h"

struct world {
	struct fixture f;
	struct directory *directory;
	struct media *media;
	struct http_client *client;
	struct channel_ports ports;
	struct channels *channels;
	struct pipeline *pipeline;
	struct api *api;
	struct http_server *server;
	int port;
	char email[64], password[64]; // of the first administrator
	int status;
	const char *expected;    // set by a test: a line of the log that has this in it is fine
	void (*after_api)(void); // set by a test: called by world_close when the API is closed
};
extern struct world w;

int world_open(void **state);
int world_close(void **state);
void world_load(void);   // the directory, after rows were written past the API
void world_run(void);    // some turns of the loop, so that what is on its way arrives
void world_settle(void); // until the API has nothing under way
void world_wait_until(bool (*is_so)(void *arg), void *arg);

// ---- people ---------------------------------------------------------------------------------------------------------

struct person {
	char cookie[128], csrf[64];
	uint64_t id;
};

struct reply {
	int status;
	struct str head, body;
	const struct json *json; // of the body, when it is JSON
};

// Nobody: not signed in. headers: whole lines, or NULL. A cookie in the answer is kept.
struct reply ask(struct person *p, const char *method, const char *path, const char *body, const char *headers);
struct reply get(struct person *p, const char *path);
struct reply post(struct person *p, const char *path, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct reply patch(struct person *p, const char *path, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct str reply_header(const struct reply *r, const char *name);
const char *text_at(const struct json *v, const char *pointer); // "" when there is none
void expect_error(struct reply r, int status, const char *code);

struct person admin(void);
// Makes a user with a row, in these teams (0 ends them), and signs in.
struct person person(const char *name, const char *role, const uint64_t *teams);
uint64_t a_team(const char *name);
uint64_t a_queue(const char *name, uint64_t team);

// Rows of a conversation with one inbound message, written past the river before anybody looked.
struct place {
	uint64_t queue, assignee, restricted;
};
uint64_t a_conversation(const struct place *p, const char *text);
uint64_t contact_of(uint64_t conversation);

// ---- live sockets ---------------------------------------------------------------------------------------------------

struct listener {
	int fd;
	struct buf in;
	int close_code; // 0: open
};
// The status of the answer; 101: it is open.
int listen_live(struct listener *l, struct person *p, const char *after, const char *headers);
// The next frame; NULL when the socket was closed.
const struct json *next_frame(struct listener *l);
const struct json *next_of_type(struct listener *l, const char *type);
const struct json *next_event(struct listener *l, const char *kind);
void say(struct listener *l, const char *text);
bool is_silent(struct listener *l); // after some turns there is still nothing
void hang_up(struct listener *l);
// Sends a request, and does not wait for its answer.
struct listener begin_request(struct person *p, const char *method, const char *path);
// Sends a head that announces n bytes, and some of them.
struct listener begin_upload(struct person *p, const char *path, size_t n);
