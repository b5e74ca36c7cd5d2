// SPDX-License-Identifier: Apache-2.0
// The log: a line is put together on the stack and written with one write(2).
#include "base/log.h"
#include "base/clock.h"
#include "base/err.h"
#include "scan.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_LIMIT 2000 // with its newline

static const char *const NAMES[] = {"error", "warn", "info", "debug"};

static atomic_int level_now = LOG_INFO;
static atomic_bool is_captured;
static pthread_mutex_t capture_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*capture_sink)(enum log_level level, const char *line, void *arg);
static void *capture_arg;

void log_set_level(enum log_level level) { atomic_store_explicit(&level_now, (int)level, memory_order_relaxed); }

bool log_is_on(enum log_level level) { return (int)level <= atomic_load_explicit(&level_now, memory_order_relaxed); }

int log_level_parse(struct str s, enum log_level *level_r)
{
	for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
		if (!str_is(s, NAMES[i])) continue;
		*level_r = (enum log_level)i;
		return 0;
	}
	return E_INVALID;
}

void log_capture(void (*sink)(enum log_level level, const char *line, void *arg), void *arg)
{
	pthread_mutex_lock(&capture_lock);
	capture_sink = sink;
	capture_arg = arg;
	atomic_store(&is_captured, sink != NULL);
	pthread_mutex_unlock(&capture_lock);
}

// True when a sink has taken the line.
static bool capture(enum log_level level, const char *line)
{
	if (!atomic_load(&is_captured)) return false;
	pthread_mutex_lock(&capture_lock);
	bool is_taken = capture_sink != NULL;
	if (is_taken) capture_sink(level, line, capture_arg);
	pthread_mutex_unlock(&capture_lock);
	return is_taken;
}

static void write_line(const char *line, size_t n)
{
	ssize_t written;
	do
		written = write(STDERR_FILENO, line, n);
	while (written < 0 && errno == EINTR);
	// Nobody is left to be told that the log cannot be written.
}

// The bytes of the character at p that may stand in a line as they are; 0: not one of them may. What is no UTF-8 is
// escaped too, because a journal keeps a line that is not text as a blob.
static size_t printable(const char *p, const char *end)
{
	unsigned char c = (unsigned char)*p;
	if (c < ' ' || c == 0x7f) return 0;
	size_t n = scan_utf8(p, end);
	if (n == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0) return 0; // C1: terminals obey it
	return n;
}

// Appends as much of s as has room, control characters as \xNN.
static size_t add_text(char *line, size_t at, struct str s)
{
	static const char digits[] = "0123456789abcdef";
	if (!s.n) return at;
	for (const char *p = s.p, *end = s.p + s.n; p < end;) {
		size_t n = printable(p, end), need = n ? n : 4;
		if (at + need > LINE_LIMIT - 1) break;
		if (n) {
			memcpy(line + at, p, n);
		} else {
			unsigned char c = (unsigned char)*p;
			memcpy(line + at, (char[]){'\\', 'x', digits[c >> 4], digits[c & 15]}, 4);
		}
		at += need;
		p += n ? n : 1;
	}
	return at;
}

void log_line(enum log_level level, const char *who, const char *fmt, ...)
{
	if (!log_is_on(level)) return;
	int saved_errno = errno;
	char text[LINE_LIMIT + 1], line[LINE_LIMIT + 1];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0) n = 0;
	if ((size_t)n >= sizeof text) n = sizeof text - 1;

	size_t at = clock_format(clock_now_ms(), line);
	at += (size_t)sprintf(line + at, " %-5s ", NAMES[level]);
	if (who) {
		at = add_text(line, at, str_of(who));
		at = add_text(line, at, STR(": "));
	}
	at = add_text(line, at, (struct str){text, (size_t)n});
	line[at] = 0;
	if (!capture(level, line)) {
		line[at] = '\n';
		write_line(line, at + 1);
	}
	errno = saved_errno;
}
