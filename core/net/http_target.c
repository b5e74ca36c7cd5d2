// SPDX-License-Identifier: Apache-2.0
// A request's target: one decoded path that means the same to everybody, or none.
#include "http_inside.h"
#include "net/url.h"

// "http://host/path" is taken as "/path" (RFC 9112, 3.2.2).
static struct str without_authority(struct str target)
{
	ptrdiff_t colon = str_find_str(target, STR("://"));
	if (colon < 0 || target.p[0] == '/') return target;
	struct str scheme = {target.p, (size_t)colon};
	if (!str_ieq(scheme, STR("http")) && !str_ieq(scheme, STR("https"))) return target;
	struct str rest = {target.p + colon + 3, target.n - (size_t)colon - 3};
	while (rest.n && rest.p[0] != '/')
		rest = (struct str){rest.p + 1, rest.n - 1};
	return rest.n ? rest : STR("/");
}

// An encoded slash would be one path to a proxy and another to us.
static bool has_encoded_slash(struct str raw)
{
	for (size_t i = 0; i + 2 < raw.n; i++)
		if (raw.p[i] == '%' && raw.p[i + 1] == '2' && (raw.p[i + 2] | 0x20) == 'f') return true;
	return false;
}

static bool is_safe_path(struct str path)
{
	if (!utf8_valid_text(path) || str_find_str(path, STR("//")) >= 0) return false;
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] < ' ' || path.p[i] == 0x7f) return false;
	struct str rest = path, segment;
	while (str_cut(&rest, '/', &segment))
		if (str_is(segment, "..")) return false;
	return true;
}

int http_target_read(struct arena *a, struct str target, struct http_request *r)
{
	if (str_is(target, "*")) {
		r->raw_path = r->path = target;
		return str_is(r->method, "OPTIONS") ? 0 : 400;
	}
	target = without_authority(target);
	ptrdiff_t mark = str_find(target, '?');
	r->raw_path = (struct str){target.p, mark < 0 ? target.n : (size_t)mark};
	r->query = mark < 0 ? STR_NONE : (struct str){target.p + mark + 1, target.n - (size_t)mark - 1};
	if (!r->raw_path.n || r->raw_path.p[0] != '/' || has_encoded_slash(r->raw_path)) return 400;
	r->path = str_find(r->raw_path, '%') < 0 ? r->raw_path : url_decode(a, r->raw_path, false);
	return r->path.p && is_safe_path(r->path) ? 0 : 400;
}
