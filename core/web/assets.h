// SPDX-License-Identifier: Apache-2.0
// The agent page and the demo shop: the built files (ui/dist), held in memory and served with what a browser needs to
// know.
#pragma once
#include "base/err.h"
#include "net/http_server.h"

struct web;

// Reads the whole folder. On an error *e says what to do (build the page, choose another folder).
MUST_USE int web_open(struct web **w_r, const char *folder, struct err *e);
void web_close(struct web **w);

// GET and HEAD of: / and /c/… (the page), its files, /demo/ (the shop). 404 for everything else, so that it may stand
// last behind the other faces. Lives as long as w.
const struct http_handler *web_handler(struct web *w);

// The webchat inbox that the demo shop talks to; 0 (as at the start): none, and /demo/ answers 404.
void web_set_demo_inbox(struct web *w, uint64_t inbox);
