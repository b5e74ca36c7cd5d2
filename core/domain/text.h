// SPDX-License-Identifier: Apache-2.0
// Inside the room: text from outside as one line that can be shown to people safely.
#pragma once
#include "base/str.h"

enum text_class {
	TEXT_VISIBLE,
	TEXT_BLANK,     // folded: blanks of every width, line ends, and signs that look like a blank
	TEXT_INVISIBLE, // kept, but alone it is nothing: joiners, direction marks, variation selectors
	TEXT_DROPPED,   // control characters, bidirectional overrides and isolates, zero-width signs
};
enum text_class text_class_of(uint32_t code_point);

// Takes the next code point off *rest, which must not be empty, and returns its bytes; a byte that is not UTF-8 counts
// as U+FFFD.
struct str text_next(struct str *rest, uint32_t *code_point_r);

// Writes s as one line: blanks folded and trimmed, dropped classes left out, cut between code points at max bytes.
// Returns the bytes written; 0 when nothing visible is left. No NUL is added.
size_t text_line(char *line_r, size_t max, struct str s);
