// SPDX-License-Identifier: Apache-2.0
// Parts from outside: what is taken, what is refused and why, and the line that lists show.
#include "domain/message.h"
#include "domain/conversation.h"
#include "base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct arena *arena;

static int set_up(void **state)
{
	arena = arena_new(0);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(&arena);
	return 0;
}

static const struct json *read_json(struct str text)
{
	const struct json *v = NULL;
	struct err e = {0};
	if (json_parse(arena, text, &JSON_PROVIDER, &v, &e)) fail_msg("%s", e.text);
	return v;
}

// The files of these tests: 1 to 9 are photos, 13 is somebody else's, 14 has neither name nor type; no others.
static int file_of_test(void *arg, uint64_t id, struct part_file *f_r)
{
	if (arg) ++*(int *)arg;
	if (id == 13) return E_DENIED;
	if (id == 14) return 0;
	if (id > 9) return E_MISSING;
	*f_r = (struct part_file){
		.id = id, .name = STR("photo \"1\".jpg"), .mime = STR("image/jpeg"), .bytes = 5000000000};
	return 0;
}

static const struct {
	const char *given, *kept;
} taken[] = {
	{"[{'type':'text','text':'Hi'}]", "[{'type':'text','text':'Hi'}]"},
	{"[{'text':' two\\nlines \\t','x':[1],'type':'text'}]", "[{'type':'text','text':' two\\nlines \\t'}]"},
	{"[{'type':'media','file':'3'}]",
	 "[{'type':'media','file':'3','name':'photo \\\"1\\\".jpg','mime':'image/jpeg','bytes':5000000000}]"},
	{"[{'type':'media','media':'4','name':'virus.exe','mime':'text/html','bytes':1,'caption':'Look'}]",
	 "[{'type':'media','file':'4','name':'photo \\\"1\\\".jpg','mime':'image/jpeg','bytes':5000000000,"
	 "'caption':'Look'}]"},
	{"[{'type':'media','file':5,'caption':''},{'type':'text','text':'а'}]",
	 "[{'type':'media','file':'5','name':'photo \\\"1\\\".jpg','mime':'image/jpeg','bytes':5000000000},"
	 "{'type':'text','text':'а'}]"},
	{"[{'type':'media','file':'14','caption':null}]",
	 "[{'type':'media','file':'14','name':'','mime':'application/octet-stream','bytes':0}]"},
	{"[{'type':'unknown','fallback':'A poll'}]", "[{'type':'unknown','fallback':'A poll'}]"},
	{"[{'type':'location','lat':50.45,'lon':30.52,'fallback':'Kyiv'}]", "[{'type':'unknown','fallback':'Kyiv'}]"},
};

// The tables write ' for ", so that they can be read.
static struct str quoted(const char *text)
{
	char *copy = arena_cstr(arena, str_of(text));
	for (char *p = copy; *p; p++)
		if (*p == '\'') *p = '"';
	return str_of(copy);
}

static void good_parts_are_kept_in_the_api_form(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
		struct str kept = STR_NONE, again = STR_NONE;
		struct err e = {0};
		if (message_parts(arena, read_json(quoted(taken[i].given)), file_of_test, NULL, &kept, &e))
			fail_msg("%s", e.text);
		assert_string_equal(kept.p, quoted(taken[i].kept).p);
		assert_int_equal(message_parts(arena, read_json(kept), file_of_test, NULL, &again, &e), 0);
		assert_string_equal(again.p, kept.p);
	}
}

static const struct {
	const char *given;
	int code;
	const char *why;
} refused[] = {
	{"null", E_INVALID, "parts must be a list with at least one part"},
	{"{'type':'text','text':'x'}", E_INVALID, "parts must be a list with at least one part"},
	{"[]", E_INVALID, "parts must be a list with at least one part"},
	{"['text']", E_INVALID, "part 1: it is not an object with a \"type\""},
	{"[{}]", E_INVALID, "part 1: it is not an object with a \"type\""},
	{"[{'type':7}]", E_INVALID, "part 1: it is not an object with a \"type\""},
	{"[{'type':'text','text':'a'},null]", E_INVALID, "part 2: it is not an object with a \"type\""},
	{"[{'type':'text'}]", E_INVALID, "part 1: \"text\" must be a text that is not empty"},
	{"[{'type':'text','text':''}]", E_INVALID, "part 1: \"text\" must be a text that is not empty"},
	{"[{'type':'text','text':['x']}]", E_INVALID, "part 1: \"text\" must be a text that is not empty"},
	{"[{'type':'text','text':{'$b64':'AAAA'}}]", E_INVALID, "part 1: \"text\" must be a text that is not empty"},
	{"[{'type':'media'}]", E_INVALID, "part 1: \"file\" must be the id of a file"},
	{"[{'type':'media','file':'0'}]", E_INVALID, "part 1: \"file\" must be the id of a file"},
	{"[{'type':'media','file':'../x'}]", E_INVALID, "part 1: \"file\" must be the id of a file"},
	{"[{'type':'media','file':'1','caption':5}]", E_INVALID,
	 "part 1: \"caption\" must be a text that is not empty"},
	{"[{'type':'text','text':'a'},{'type':'media','file':'13'}]", E_DENIED,
	 "part 2: the file is not there, or is not yours to use"},
	{"[{'type':'media','file':'99'}]", E_MISSING, "part 1: the file is not there, or is not yours to use"},
	{"[{'type':'unknown'}]", E_INVALID, "part 1: \"fallback\" must be a text that is not empty"},
	{"[{'type':'sticker','text':'x'}]", E_INVALID, "part 1: \"fallback\" must be a text that is not empty"},
};

static void bad_parts_are_refused_by_name(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		struct str kept = STR("untouched");
		struct err e = {0};
		const struct json *parts = read_json(quoted(refused[i].given));
		assert_int_equal(message_parts(arena, parts, file_of_test, NULL, &kept, &e), refused[i].code);
		assert_string_equal(e.text, refused[i].why);
		assert_int_equal(e.code, refused[i].code);
		assert_string_equal(kept.p, "untouched");
	}
	struct str kept;
	assert_int_equal(message_parts(arena, NULL, NULL, NULL, &kept, NULL), E_INVALID);
	const struct json *media = read_json(STR("[{\"type\":\"media\",\"file\":\"1\"}]"));
	assert_int_equal(message_parts(arena, media, NULL, NULL, &kept, NULL), E_UNSUPPORTED);
}

static const struct json *text_part(size_t n)
{
	char *text = arena_alloc(arena, n);
	memset(text, 'x', n);
	struct json_builder *part = json_build_map(arena);
	json_put(part, STR("type"), json_make_string(arena, STR("text")));
	json_put(part, STR("text"), json_make_string(arena, (struct str){text, n}));
	return json_build(part);
}

static int take_two_texts(size_t first, size_t second)
{
	struct json_builder *list = json_build_list(arena);
	struct str kept;
	json_push(list, text_part(first));
	json_push(list, text_part(second));
	return message_parts(arena, json_build(list), NULL, NULL, &kept, NULL);
}

static void all_texts_together_have_a_limit(void **state)
{
	assert_int_equal(take_two_texts(1, MESSAGE_TEXT - 1), 0);
	assert_int_equal(take_two_texts(1, MESSAGE_TEXT), E_TOO_LARGE);
	assert_int_equal(take_two_texts(MESSAGE_TEXT, 1), E_TOO_LARGE);
	assert_int_equal(take_two_texts(MESSAGE_TEXT + 1, 1), E_TOO_LARGE);
}

static int take_parts(size_t n)
{
	struct json_builder *list = json_build_list(arena);
	struct str kept;
	for (size_t i = 0; i < n; i++)
		json_push(list, text_part(1));
	return message_parts(arena, json_build(list), NULL, NULL, &kept, NULL);
}

static void a_message_has_at_most_64_parts(void **state)
{
	assert_int_equal(take_parts(MESSAGE_PARTS), 0);
	assert_int_equal(take_parts(MESSAGE_PARTS + 1), E_TOO_LARGE);
}

// A tree built in-process was not read by the strict reader.
static void a_nul_in_a_text_is_refused(void **state)
{
	static const struct str text = {"a\0b", 3};
	const struct json string = {.kind = JSON_STRING, .n = 3, .s = text.p};
	struct json_builder *part = json_build_map(arena), *list = json_build_list(arena);
	struct str kept;
	struct err e = {0};
	json_put(part, STR("type"), json_make_string(arena, STR("text")));
	json_put(part, STR("text"), &string);
	json_push(list, json_build(part));
	assert_int_equal(message_parts(arena, json_build(list), NULL, NULL, &kept, &e), E_INVALID);
	assert_string_equal(e.text, "part 1: the text is not UTF-8, or has a NUL in it");
}

static void every_file_is_asked_for_once(void **state)
{
	int asked = 0;
	struct str kept;
	const struct json *parts = read_json(quoted("[{'type':'media','file':'1'},{'type':'text','text':'x'},"
						    "{'type':'media','media':'2'},{'type':'media','file':'1'}]"));
	assert_int_equal(message_parts(arena, parts, file_of_test, &asked, &kept, NULL), 0);
	assert_int_equal(asked, 3);

	uint64_t ids[4] = {0};
	assert_int_equal(message_part_files(parts, ids, 4), 3);
	assert_true(ids[0] == 1 && ids[1] == 2 && ids[2] == 1 && ids[3] == 0);
	memset(ids, 0, sizeof ids);
	assert_int_equal(message_part_files(parts, ids, 1), 3);
	assert_true(ids[0] == 1 && ids[1] == 0);
	assert_int_equal(message_part_files(parts, NULL, 0), 3);
}

static void files_of_what_is_no_list_are_none(void **state)
{
	uint64_t ids[2];
	assert_int_equal(message_part_files(NULL, ids, 2), 0);
	assert_int_equal(message_part_files(read_json(quoted("{'type':'media','file':'1'}")), ids, 2), 0);
	assert_int_equal(message_part_files(read_json(quoted("[1,null,{'type':'text','file':'1'}]")), ids, 2), 0);
}

static const struct {
	const char *parts, *line;
} previews[] = {
	{"[{'type':'text','text':'  Good\\n\\n\\tday '}]", "Good day"},
	{"[{'type':'text','text':'a\\u202eb\\u0007c\\u200bd'}]", "abcd"},
	{"[{'type':'text','text':' \\n'},{'type':'text','text':'second'}]", "second"},
	{"[{'type':'media','file':'1','name':'photo.jpg'}]", "[photo.jpg]"},
	{"[{'type':'media','file':'1','name':'a\\u202egpj.exe'}]", "[agpj.exe]"},
	{"[{'type':'media','file':'1','name':'photo.jpg','caption':'Look'}]", "Look"},
	{"[{'type':'media','file':'1','name':'photo.jpg'},{'type':'text','text':'words first'}]", "words first"},
	{"[{'type':'media','media':'1'}]", "[file]"},
	{"[{'type':'unknown','fallback':'A\\npoll'}]", "A poll"},
	{"[{'type':'location','fallback':'Kyiv'}]", "Kyiv"},
	{"[{'type':'sticker'},{'type':'media','name':'x'}]", "[x]"},
	{"[]", ""},
	{"null", ""},
	{"{'type':'text','text':'x'}", ""},
	{"['text',7,null,{},[[]],{'type':'text','text':5}]", ""},
};

static void previews_are_one_line(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(previews); i++)
		assert_string_equal(message_preview(arena, read_json(quoted(previews[i].parts))).p, previews[i].line);
	assert_string_equal(message_preview(arena, NULL).p, "");
}

static void a_long_name_keeps_its_bracket(void **state)
{
	char text[600] = "[{'type':'media','name':'", *end = text + strlen(text);
	for (int i = 0; i < 200; i++)
		*end++ = 'n';
	strcpy(end, "'}]");
	struct str line = message_preview(arena, read_json(quoted(text)));
	assert_int_equal(line.n, CONVERSATION_PREVIEW);
	assert_true(line.p[0] == '[' && line.p[line.n - 1] == ']');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_parts_are_kept_in_the_api_form), TEST(bad_parts_are_refused_by_name),
		TEST(all_texts_together_have_a_limit),     TEST(a_message_has_at_most_64_parts),
		TEST(a_nul_in_a_text_is_refused),          TEST(every_file_is_asked_for_once),
		TEST(files_of_what_is_no_list_are_none),   TEST(previews_are_one_line),
		TEST(a_long_name_keeps_its_bracket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
