// SPDX-License-Identifier: Apache-2.0
// Whether a channel can carry a message, by the capabilities of its manifest: said to the agent before anything is
// kept, so that nothing of what he sent is left out on the way.
#include "fit.h"

// Characters, UTF-16 units, or bytes: what the channel's provider counts.
static int64_t length_of(struct str text, struct str unit)
{
	int64_t n = 0;
	if (str_is(unit, "bytes")) return (int64_t)text.n;
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		n += (c & 0xC0) != 0x80;
		n += c >= 0xF0 && str_is(unit, "utf16");
	}
	return n;
}

static int check_text(const struct json *caps, struct str text, struct err *e)
{
	const struct json *of_text = json_get(caps, "text");
	struct str unit = json_string_of(of_text, "unit");
	int64_t max = json_int_of(of_text, "max", 0), n = max > 0 ? length_of(text, unit) : 0;
	if (n <= max) return 0;
	return err_set(e, E_TOO_LARGE, "this channel takes %lld %.*s of text in one message, this has %lld",
		       (long long)max, STR_ARG(unit.n ? unit : STR("characters")), (long long)n);
}

static bool is_carried(const struct json *of_kind)
{
	struct str level = json_string_of(of_kind, "level");
	return !level.n || str_is(level, "full") || str_is(level, "partial");
}

static int check_file(const struct json *caps, const struct json *part, struct err *e)
{
	const struct json *of_media = json_get(caps, "media");
	int64_t max = json_int_of(of_media, "max_bytes", 0), n = json_int_of(part, "bytes", 0);
	if (!is_carried(of_media)) return err_set(e, E_UNSUPPORTED, "this channel cannot carry files");
	if (!max || n <= max) return 0;
	return err_set(e, E_TOO_LARGE, "this channel takes files of at most %lld bytes, this has %lld", (long long)max,
		       (long long)n);
}

int fit_check(const struct json *manifest, const struct json *parts, struct err *e)
{
	const struct json *caps = json_get(manifest, "capabilities");
	for (size_t i = 0; caps && i < json_count(parts); i++) {
		const struct json *part = json_at(parts, i);
		bool is_file = str_is(json_string_of(part, "type"), "media");
		int r = is_file ? check_file(caps, part, e) : 0;
		if (!r) r = check_text(caps, json_string_of(part, is_file ? "caption" : "text"), e);
		if (r) return r;
	}
	return 0;
}
