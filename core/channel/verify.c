// SPDX-License-Identifier: Apache-2.0
// Verification recipes: none, hmac, token, basic. Signatures are compared as raw bytes, in constant time.
#include "verify.h"
#include "base/clock.h"
#include "base/mem.h"
#include "digest.h"
#include "net/http_server.h"

static struct str text_or(const struct json *doc, const char *key, struct str otherwise)
{
	struct str s = json_string_of(doc, key);
	return s.p ? s : otherwise;
}

static int parse_kind(struct str name, enum recipe_kind *kind_r, struct err *e)
{
	static const struct {
		const char *name;
		enum recipe_kind kind;
	} KINDS[] = {{"none", RECIPE_NONE}, {"hmac", RECIPE_HMAC}, {"token", RECIPE_TOKEN}, {"basic", RECIPE_BASIC}};
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
		if (!str_is(name, KINDS[i].name)) continue;
		*kind_r = KINDS[i].kind;
		return 0;
	}
	return err_set(e, E_INVALID, "type: should be none, hmac, token or basic");
}

// Every {word} of the template is one that we fill in.
static int parse_over(struct str over, struct err *e)
{
	bool has_body = false;
	for (ptrdiff_t at; (at = str_find(over, '{')) >= 0;) {
		struct str rest = {over.p + at + 1, over.n - (size_t)at - 1};
		ptrdiff_t end = str_find(rest, '}');
		struct str word = {rest.p, end > 0 ? (size_t)end : 0};
		has_body |= str_is(word, "body");
		if (!str_is(word, "body") && !str_is(word, "timestamp") && !str_is(word, "url") &&
		    !str_starts(word, STR("header:")))
			return err_set(e, E_INVALID, "over: may hold {body}, {timestamp}, {url} and {header:name}");
		over = (struct str){rest.p + end + 1, rest.n - (size_t)end - 1};
	}
	return has_body ? 0 : err_set(e, E_INVALID, "over: a signature that leaves out {body} proves nothing");
}

static int parse_hmac(const struct json *doc, struct recipe *r, struct err *e)
{
	r->algo = text_or(doc, "algo", STR("sha256"));
	r->prefix = text_or(doc, "prefix", STR(""));
	r->over = text_or(doc, "over", STR("{body}"));
	r->timestamp = text_or(doc, "timestamp", STR(""));
	r->tolerance_s = json_int_of(doc, "tolerance", 300);
	struct str encoding = text_or(doc, "encoding", STR("hex")), separator = text_or(doc, "separator", STR(""));
	r->encoding = str_is(encoding, "base64") ? RECIPE_BASE64 : RECIPE_HEX;
	r->separator = separator.n ? separator.p[0] : 0;
	if (!digest_is_known(r->algo)) return err_set(e, E_INVALID, "algo: should be sha256, sha1 or sha512");
	if (!r->header.n) return err_set(e, E_INVALID, "header: is missing");
	if (!str_is(encoding, "hex") && !str_is(encoding, "base64"))
		return err_set(e, E_INVALID, "encoding: should be hex or base64");
	if (separator.n > 1) return err_set(e, E_INVALID, "separator: should be one character");
	if (r->tolerance_s < 1 || r->tolerance_s > 86400)
		return err_set(e, E_INVALID, "tolerance: should be 1 to 86400 seconds");
	if (str_find_str(r->over, STR("{timestamp}")) >= 0 && !r->timestamp.n)
		return err_set(e, E_INVALID, "timestamp: is missing; it names the header");
	return parse_over(r->over, e);
}

int recipe_parse(struct arena *a, const struct json *doc, struct recipe *r_r, struct err *e)
{
	struct recipe r = {
		.methods = json_get(doc, "methods"),
		.secret = text_or(doc, "secret", STR("")),
		.header = text_or(doc, "header", STR("")),
		.query = text_or(doc, "query", STR("")),
		.user = text_or(doc, "user", STR("")),
	};
	if (parse_kind(json_string_of(doc, "type"), &r.kind, e)) return E_INVALID;
	if (r.kind != RECIPE_NONE && !r.secret.n)
		return err_set(e, E_INVALID, "secret: is missing; it names a setting");
	if (r.kind == RECIPE_TOKEN && !r.header.n == !r.query.n)
		return err_set(e, E_INVALID, "a token stands in a \"header\" or in the \"query\"");
	if (r.methods && !json_is(r.methods, JSON_LIST)) return err_set(e, E_INVALID, "methods: should be a list");
	if (r.kind == RECIPE_HMAC && parse_hmac(doc, &r, e)) return E_INVALID;
	/* headers are asked for by C strings */
	r.header = arena_str(a, r.header);
	r.timestamp = arena_str(a, r.timestamp);
	*r_r = r;
	return 0;
}

// ---- a request --------------------------------------------------------------------------------------------------

static bool is_for_method(const struct recipe *r, struct str method)
{
	if (!r->methods) return true;
	for (size_t i = 0; i < json_count(r->methods); i++)
		if (str_eq(json_string(json_at(r->methods, i)), method)) return true;
	return false;
}

static bool timestamp_is_near(const struct recipe *r, const struct verify_request *rq)
{
	int64_t at;
	if (str_to_i64(rq->header(rq->arg, r->timestamp.p), &at) || at < 0 || at > INT64_MAX / 2000) return false;
	int64_t now = clock_now_ms() / 1000;
	return at - now <= r->tolerance_s && now - at <= r->tolerance_s;
}

static void signed_text(struct buf *b, const struct recipe *r, const struct verify_request *rq)
{
	struct str over = r->over;
	for (ptrdiff_t at; (at = str_find(over, '{')) >= 0;) {
		buf_add(b, (struct str){over.p, (size_t)at});
		struct str rest = {over.p + at + 1, over.n - (size_t)at - 1};
		struct str word = {rest.p, (size_t)str_find(rest, '}')};
		if (str_is(word, "body"))
			buf_add(b, rq->body);
		else if (str_is(word, "url"))
			buf_add(b, rq->url);
		else if (str_is(word, "timestamp"))
			buf_add(b, rq->header(rq->arg, r->timestamp.p));
		else
			buf_add(b, rq->header(rq->arg, arena_cstr(rq->arena, (struct str){word.p + 7, word.n - 7})));
		over = (struct str){rest.p + word.n + 1, rest.n - word.n - 1};
	}
	buf_add(b, over);
}

static bool signature_is(const struct recipe *r, struct str given, struct str right)
{
	if (!str_starts(given, r->prefix)) return false;
	given = (struct str){given.p + r->prefix.n, given.n - r->prefix.n};
	struct buf raw = {0};
	int bad = r->encoding == RECIPE_HEX ? hex_decode(&raw, given) : base64_decode(&raw, given);
	bool is_right = !bad && str_eq_secret(buf_str(&raw), right);
	buf_fini(&raw);
	return is_right;
}

static bool verify_hmac(const struct recipe *r, const struct verify_request *rq, struct str key)
{
	if (r->timestamp.n && !timestamp_is_near(r, rq)) return false;
	struct str given = rq->header(rq->arg, r->header.p);
	if (!given.n || given.n > 4096) return false;
	unsigned char raw[DIGEST_MAX];
	struct str right = {(char *)raw, 0};
	if (str_is(r->over, "{body}")) {
		right.n = digest_hmac(r->algo, key, rq->body, raw);
	} else {
		struct buf text = {0};
		signed_text(&text, r, rq);
		right.n = digest_hmac(r->algo, key, buf_str(&text), raw);
		buf_fini(&text);
	}
	if (!right.n) return false;
	if (!r->separator) return signature_is(r, given, right);
	bool is_right = false;
	for (struct str one; str_cut(&given, r->separator, &one);)
		is_right |= signature_is(r, str_trim(one), right);
	return is_right;
}

static bool verify_token(const struct recipe *r, const struct verify_request *rq, struct str token)
{
	struct str given = r->header.n ? rq->header(rq->arg, r->header.p)
				       : http_param(rq->arena, rq->query, arena_cstr(rq->arena, r->query));
	if (r->header.n && str_ieq(r->header, STR("authorization")) && given.n > 7 &&
	    str_ieq((struct str){given.p, 7}, STR("Bearer ")))
		given = (struct str){given.p + 7, given.n - 7};
	return given.n && str_eq_secret(given, token);
}

static bool verify_basic(const struct recipe *r, const struct verify_request *rq, struct str password)
{
	struct str given = rq->header(rq->arg, "authorization");
	if (given.n <= 6 || !str_ieq((struct str){given.p, 6}, STR("Basic "))) return false;
	struct buf raw = {0}, right = {0};
	buf_add(&right, r->user);
	buf_add_char(&right, ':');
	buf_add(&right, password);
	bool is_right = !base64_decode(&raw, (struct str){given.p + 6, given.n - 6}) &&
			str_eq_secret(buf_str(&raw), buf_str(&right));
	mem_wipe(right.p, right.n);
	buf_fini(&raw);
	buf_fini(&right);
	return is_right;
}

bool verify_request(const struct recipe *recipes, size_t n, const struct verify_request *rq)
{
	for (size_t i = 0; i < n; i++) {
		const struct recipe *r = &recipes[i];
		if (!is_for_method(r, rq->method)) continue;
		if (r->kind == RECIPE_NONE) return true;
		struct str secret = rq->secret(rq->arg, r->secret);
		if (!secret.n) continue;
		switch (r->kind) {
		case RECIPE_HMAC: return verify_hmac(r, rq, secret);
		case RECIPE_TOKEN: return verify_token(r, rq, secret);
		case RECIPE_BASIC: return verify_basic(r, rq, secret);
		case RECIPE_NONE: break;
		}
	}
	return false;
}
