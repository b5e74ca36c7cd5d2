// SPDX-License-Identifier: Apache-2.0
// The live endpoint (beseda.live/1): channels whose customers connect to us. The core owns sockets, held polls,
// origins, limits, uploads and replay; the plugin sees live.hello, live.frame and live.gone.
#pragma once
#include "channel/op.h"

// clang-format off
//
// What stands on the wire: JSON text frames; unknown members are ignored on both sides. > from the client, < from us.
//
// WebSocket /live/<inbox>/ws
//   > {"type":"hello","token":"…"|null,"cursor":"…"|null,"language":"uk","page":{"url":"…","title":"…"}}
//   < {"type":"welcome","token":"…","thread":"…","cursor":"…"|null,"language":"uk"|null,"settings":{…}}
//        cursor: the client's own; settings: what the manifest's config marks public
//   < {"type":"refused","reason":"origin|token|full|closed","text":"…"} and close 4403
//   < {"type":"message","cursor":"…","id":"…","key":"…"|null,
//      "author":{"kind":"contact|agent|bot|system","name":"…"|null},"at":"2026-…Z",
//      "parts":[{"type":"text","text":"…"},{"type":"media","file":"<id>","name":"…","mime":"…","bytes":n,"url":"…"}]}
//      url is added here: signed, good for an hour or two; the port need not give one
//   > {"type":"message","key":"<client's own key, 8-64 of [A-Za-z0-9_-]>",
//      "parts":[{"type":"text","text":"…"},{"type":"media","file":"<id>"}]}                    1 to 10 parts
//   < {"type":"ack","key":"…"}       after commit; the same key again is acked again and stored once
//   < {"type":"error","key":"…"|null,"code":"too_large|invalid|busy|rate|unavailable","text":"…","retry_ms":n|null}
//   > {"type":"typing"} > {"type":"ping"} < {"type":"pong"} < {"type":"typing"}
//   < {"type":"reset"} and close 4409    the cursor is of no use any more: forget it and say hello without it
//   Closes: 1008 no hello, or too many frames; 1012 the inbox is closed; 1013 try again.
// Poll: POST /live/<inbox>/poll {"token":"…","cursor":"…","frames":[…at most 16]}
//   answers {"frames":[…],"cursor":"…","token":"…"}, held up to 25 s while there is nothing to say and no frame was
//   sent. Same frames as above; the first poll has a hello.
// POST /live/<inbox>/upload?name=… with the token in "Authorization: Bearer", body = bytes, Content-Type = its type:
//   201 {"file":"<id>","bytes":n}; 401, 413, 429 and 503 {"error":"token|too_large|rate|busy|unavailable"}
// GET  /live/<inbox>/file/<id>?t=<signed, short>   bytes, or with the token in "Authorization: Bearer";
//   Content-Disposition attachment unless a safe image; nosniff; CSP sandbox
// GET  /live/<inbox>/asset/<path>                  from the plugin's assets folder, <name>.assets beside <name>.so
//   (widget.js …): ETag, gzip file beside it if there
// OPTIONS anything: CORS for the allowed origins only: the inbox's setting "origins", a list of
//   "https://shop.example" and "https://*.shop.example"; empty or not there: any.
// clang-format on

const struct http_handler *live_handler(struct channels *c);
