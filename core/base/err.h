// SPDX-License-Identifier: Apache-2.0
// Error codes of the house, and the sentence that tells a person why.
#pragma once
#include <stddef.h>

// One row a code: enum, name, text.
#define ERR_CODES(X)                                                                                                   \
	X(OK, 0, "fine")                                                                                               \
	X(INVALID, -1, "the input is not of the form it should have")                                                  \
	X(TOO_LARGE, -2, "larger than the limit")                                                                      \
	X(TIMEOUT, -3, "took longer than allowed")                                                                     \
	X(CANCELLED, -4, "cancelled")                                                                                  \
	X(CLOSED, -5, "the other side is gone")                                                                        \
	X(IO, -6, "the machine could not read or write")                                                               \
	X(BUSY, -7, "too much is waiting already; try again")                                                          \
	X(CONFLICT, -8, "somebody else changed it first")                                                              \
	X(DENIED, -9, "not allowed")                                                                                   \
	X(MISSING, -10, "there is no such thing")                                                                      \
	X(UNSUPPORTED, -11, "not supported")                                                                           \
	X(UNKNOWN, -12, "nobody knows whether it happened")                                                            \
	X(FENCED, -13, "another server has taken over this store")                                                     \
	X(STORE, -14, "the database is away or refuses")                                                               \
	X(POISON, -15, "the database refuses this row")                                                                \
	X(REMOTE, -16, "the provider answered with an error")                                                          \
	X(INTERNAL, -17, "a mistake of ours")

enum err_code {
#define X(name, value, text) E_##name = value,
	ERR_CODES(X)
#undef X
};

// Why something failed, in words for the person who must act. Set once, by the one who knows most.
struct err {
	int code;
	char text[400];
};

// "E_TIMEOUT" for -3; "E_?" for a number that is no code.
const char *err_name(int code);
// The code's own sentence.
const char *err_text(int code);
// Fills *e (which may be NULL) and returns code, so that `return err_set(e, E_INVALID, "...")` reads well.
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define MUST_USE __attribute__((warn_unused_result))
