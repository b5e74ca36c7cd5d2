// SPDX-License-Identifier: Apache-2.0
// Passwords: argon2id beside the loop, two at once.
#include "inside.h"
#include "base/log.h"
#include "base/mem.h"
#include <argon2.h>
#include <stdio.h>
#include <string.h>

// OWASP's parameters for argon2id: 19 MiB, two passes, one lane.
#define PASSES 2
#define MEMORY_KIB 19456
#define SALT 16
#define DIGEST 32
#define ENCODED_MAX 160

#define RUNNING_MAX 2
#define WAITING_MAX 64

struct hashing {
	struct api *api;
	struct list waiting;
	size_t n_waiting, n_running;
	char nobody[ENCODED_MAX]; // the hash of a password that nobody has: what unknown accounts are checked against
};

struct job {
	struct list at;
	struct hashing *hashing;
	char *password;
	size_t n;
	char encoded[ENCODED_MAX]; // to check against, or made
	uint8_t salt[SALT];
	bool is_check, can_match, is_good;
	password_checked_cb checked;
	password_made_cb made;
	void *arg;
};

// On a thread of the pool.
static void work(void *arg)
{
	struct job *j = arg;
	if (j->is_check)
		j->is_good = argon2id_verify(j->encoded, j->password, j->n) == ARGON2_OK;
	else
		j->is_good = argon2id_hash_encoded(PASSES, MEMORY_KIB, 1, j->password, j->n, j->salt, SALT, DIGEST,
						   j->encoded, sizeof j->encoded) == ARGON2_OK;
}

static void job_free(struct job *j)
{
	mem_wipe(j->password, j->n);
	mem_free(j->password);
	mem_wipe(j->encoded, sizeof j->encoded);
	mem_free(j);
}

static void start_next(struct hashing *h);

static void on_worked(int status, void *arg)
{
	struct job *j = arg;
	struct hashing *h = j->hashing;
	struct api *a = h->api;
	h->n_running--;
	start_next(h);
	if (j->is_check)
		j->checked(!status && j->is_good && j->can_match, j->arg);
	else
		j->made(!status && j->is_good ? j->encoded : NULL, j->arg);
	job_free(j);
	api_leave(a);
}

static void start_next(struct hashing *h)
{
	if (h->n_running == RUNNING_MAX) return;
	struct list *next = list_pop(&h->waiting);
	if (!next) return;
	h->n_waiting--;
	h->n_running++;
	loop_work(h->api->o.loop, "password", work, on_worked, list_entry(next, struct job, at));
}

static int submit(struct hashing *h, struct job *j, struct str password)
{
	if (h->n_waiting == WAITING_MAX) {
		mem_free(j);
		return E_BUSY;
	}
	j->hashing = h;
	j->n = password.n;
	j->password = mem_alloc(password.n + 1);
	if (password.n) memcpy(j->password, password.p, password.n);
	list_append(&h->waiting, &j->at);
	h->n_waiting++;
	api_enter(h->api);
	start_next(h);
	return 0;
}

int password_check(struct api *a, struct str password, struct str encoded, password_checked_cb cb, void *arg)
{
	struct hashing *h = a->hashing;
	struct job *j = mem_new(struct job);
	j->is_check = true;
	j->can_match = encoded.n && encoded.n < ENCODED_MAX;
	if (j->can_match)
		memcpy(j->encoded, encoded.p, encoded.n);
	else
		memcpy(j->encoded, h->nobody, sizeof h->nobody);
	j->checked = cb;
	j->arg = arg;
	return submit(h, j, password);
}

int password_make(struct api *a, struct str password, password_made_cb cb, void *arg)
{
	struct job *j = mem_new(struct job);
	secret_random(j->salt, sizeof j->salt);
	j->made = cb;
	j->arg = arg;
	return submit(a->hashing, j, password);
}

struct hashing *hashing_new(struct api *a)
{
	struct hashing *h = mem_new(struct hashing);
	uint8_t salt[SALT], nobody[DIGEST];
	struct buf text = {0}, salt_text = {0};
	h->api = a;
	list_init(&h->waiting);
	// A digest that no password is known to give, in the same form as all others.
	secret_random(salt, sizeof salt);
	secret_random(nobody, sizeof nobody);
	base64_encode(&salt_text, (struct str){(char *)salt, sizeof salt});
	base64_encode(&text, (struct str){(char *)nobody, sizeof nobody});
	int n = snprintf(h->nobody, sizeof h->nobody, "$argon2id$v=19$m=%d,t=%d,p=1$%.22s$%.43s", MEMORY_KIB, PASSES,
			 salt_text.p, text.p);
	if (n < 0 || n >= ENCODED_MAX) log_error("api", "the form of a hash is longer than thought");
	buf_fini(&text);
	buf_fini(&salt_text);
	return h;
}

void hashing_free(struct hashing **h)
{
	mem_free(*h);
	*h = NULL;
}

void password_random(char text_r[PASSWORD_TEXT])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; // 32, none that looks like another
	uint8_t random[20];
	size_t n = 0;
	secret_random(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++) {
		if (i && i % 5 == 0) text_r[n++] = '-';
		text_r[n++] = letters[random[i] % 32];
	}
	text_r[n] = '\0';
	mem_wipe(random, sizeof random);
}
