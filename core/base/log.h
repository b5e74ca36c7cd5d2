// SPDX-License-Identifier: Apache-2.0
// The log: one line a fact, to stderr. error = someone must act; warn = we coped; info = life events; debug = for us.
#pragma once
#include "base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

// `who` names the object first ("inbox 42", "http 127.0.0.1:5000"); may be NULL. No secrets, no message text above
// debug. Lines are written whole; control characters become \xNN; a line is cut at 2,000 bytes. Any thread may log.
void log_line(enum log_level level, const char *who, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define log_error(who, ...) log_line(LOG_ERROR, who, __VA_ARGS__)
#define log_warn(who, ...) log_line(LOG_WARN, who, __VA_ARGS__)
#define log_info(who, ...) log_line(LOG_INFO, who, __VA_ARGS__)
#define log_debug(who, ...)                                                                                            \
	do {                                                                                                           \
		if (log_is_on(LOG_DEBUG)) log_line(LOG_DEBUG, who, __VA_ARGS__);                                       \
	} while (0)

void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);
// "error", "warn", "info", "debug"; E_INVALID otherwise.
int log_level_parse(struct str s, enum log_level *level_r);
// Tests take the lines instead of stderr, whole but for the newline; NULL puts stderr back. The sink is called by one
// thread at a time and must not log.
void log_capture(void (*sink)(enum log_level level, const char *line, void *arg), void *arg);
