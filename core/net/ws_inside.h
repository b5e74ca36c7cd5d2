// SPDX-License-Identifier: Apache-2.0
// What the handshake hands to the WebSocket.
#pragma once
#include "http_inside.h"
#include "net/ws.h"
#include "ws_parser.h"

// Takes the exchange's connection; 101 is still to be queued, before anything else.
struct ws *ws_new(struct http_exchange *x, const struct ws_limits *limits, const struct ws_handler *h, void *arg);
