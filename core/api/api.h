// SPDX-License-Identifier: Apache-2.0
// REST and the live socket for agents and admins (schemas/api/openapi.yaml), below /api/v1.
#pragma once
#include "pipeline/pipeline.h"

struct api;

struct api_options {
	struct loop *loop;
	struct store *store;
	struct directory *directory; // loaded
	struct media *media;
	struct pipeline *pipeline;
	struct channels *channels;
	const char *public_url; // how people and providers reach us, without a slash at the end
	const uint8_t *key;     // SECRET_KEY bytes of the server's key file
	bool secure_cookies;    // the public URL is https
	size_t upload_bytes;    // of one file (0: 50 MiB)
};

MUST_USE int api_new(struct api **a_r, const struct api_options *o, struct err *e);
// For every path that begins with /api/. Good until api_close has ended.
const struct http_handler *api_handler(struct api *a);
// Takes no more requests, closes the live sockets; done when what runs has ended, or after 2 s (what then still waits
// for the database ends with the store, which must be closed before pipeline and directory are freed).
void api_close(struct api *a, loop_cb done, void *arg);

// Opens every inbox of the directory that is not archived, its secrets unsealed (start-up; later changes are the API's
// own). One that cannot be opened is logged and shown as failing.
void api_open_inboxes(struct api *a);
// What an inbox says of itself (channel_ports.inbox_state).
void api_inbox_state(struct api *a, uint64_t inbox, struct str state, struct str why);

// When nobody can sign in yet: makes a user, a team, a queue served by it and a brand. Then email and password are
// given once, else they are NULL (somebody is there, or it failed: status).
typedef void (*api_first_cb)(int status, const char *email, const char *password, void *arg);
void api_first_admin(struct api *a, api_first_cb cb, void *arg);

struct api_stats {
	uint64_t requests, refused, logins, logins_refused, live_sockets;
};
void api_stats(const struct api *a, struct api_stats *r);
