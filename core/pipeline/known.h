// SPDX-License-Identifier: Apache-2.0
// Inside the room: what is in memory because it was just used; the store is the truth. What is found is copied out,
// strings into the caller's arena.
#pragma once
#include "inside.h"

// A thread as those who write in it are known by: its inbox and external name.
struct known_place {
	uint64_t thread, contact;
	uint64_t conversation; // where it speaks now; 0: nowhere yet
};
// An identity.
struct known_person {
	uint64_t identity, contact;
	enum proof proof;
	struct str name; // of the contact; STR_NONE: none
};
// A thread as replies need it.
struct known_thread {
	uint64_t id, inbox, contact;
	struct str external, kind, scope, address, name;
};

struct known *known_new(void);
void known_free(struct known **k);

struct str known_place_key(struct arena *a, uint64_t inbox, struct str external);
struct str known_person_key(struct arena *a, struct str kind, struct str scope, struct str address);

bool known_get_place(struct known *k, struct str key, struct known_place *p_r);
void known_put_place(struct known *k, struct str key, const struct known_place *p);
void known_drop_place(struct known *k, struct str key);
bool known_get_person(struct known *k, struct str key, struct arena *a, struct known_person *p_r);
void known_put_person(struct known *k, struct str key, const struct known_person *p);
void known_drop_person(struct known *k, struct str key);
// A contact's name, which stands once for all that belongs to it. It is so from now on.
void known_rename(struct known *k, uint64_t contact, struct str name);
// False: nothing is known of this contact.
bool known_name(struct known *k, uint64_t contact, struct arena *a, struct str *name_r);
bool known_get_conversation(struct known *k, uint64_t id, struct arena *a, struct conversation *c_r,
			    struct str *name_r);
// As it was committed, or read: a newer version that stands there stays, and so does a name.
void known_put_conversation(struct known *k, const struct conversation *c, struct str name);
void known_drop_conversation(struct known *k, uint64_t id);
bool known_get_thread(struct known *k, uint64_t id, struct arena *a, struct known_thread *t_r);
void known_put_thread(struct known *k, const struct known_thread *t);

// Reads through; what the callback gets is valid inside it. status 0, E_MISSING, E_STORE …
typedef void (*known_conversation_cb)(int status, const struct conversation *c, struct str name, void *arg);
void known_conversation(struct pipeline *p, uint64_t id, known_conversation_cb cb, void *arg);
typedef void (*known_thread_cb)(int status, const struct known_thread *t, void *arg);
void known_thread(struct pipeline *p, uint64_t id, known_thread_cb cb, void *arg);
