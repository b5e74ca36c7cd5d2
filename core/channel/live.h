// SPDX-License-Identifier: Apache-2.0
// The live endpoint (beseda.live/1): channels whose customers connect to us. The core owns sockets, held polls, origins,
// limits, uploads and replay; the plugin sees live.hello, live.frame and live.gone.
#pragma once
#include "channel/op.h"

// What stands on the wire, JSON text frames; unknown members are ignored on both sides.
//
// WebSocket /live/<inbox>/ws
//   > {"type":"hello","token":"…"|null,"cursor":"…"|null,"language":"uk","page":{"url":"…","title":"…"}}
//   < {"type":"welcome","token":"…","thread":"…","cursor":"…","language":"uk","settings":{…}}   settings: the manifest's public config
//   < {"type":"refused","reason":"origin|token|full|closed","text":"…"} and close 4403
//   < {"type":"message","cursor":"…","id":"…","key":"…"|null,"author":{"kind":"contact|agent|bot|system","name":"…"|null},
//      "at":"2026-…Z","parts":[{"type":"text","text":"…"},{"type":"media","file":"<id>","name":"…","mime":"…","bytes":n,"url":"…"}]}
//   > {"type":"message","key":"<client's own key, 8-64 of [A-Za-z0-9_-]>","parts":[{"type":"text","text":"…"},{"type":"media","file":"<id>"}]}
//   < {"type":"ack","key":"…"}                      after commit; the same key again is acked again and stored once
//   < {"type":"error","key":"…"|null,"code":"too_large|invalid|busy|rate|unavailable","text":"…","retry_ms":n|null}
//   > {"type":"typing"} > {"type":"ping"} < {"type":"pong"}
//   < {"type":"reset"}                              the cursor is of no use any more: forget and say hello without it
// Poll: POST /live/<inbox>/poll {"token":"…","cursor":"…","frames":[…at most 16]} answers {"frames":[…],"cursor":"…","token":"…"},
//   held up to 25 s while there is nothing to say and no frame was sent. Same frames as above; the first has a hello.
// POST /live/<inbox>/upload?name=… with the token in "Authorization: Bearer", body = bytes, Content-Type = its type:
//   201 {"file":"<id>","bytes":n}
// GET  /live/<inbox>/file/<id>?t=<signed, short>   bytes; Content-Disposition attachment unless a safe image; nosniff; CSP sandbox
// GET  /live/<inbox>/asset/<path>                  from the plugin's assets folder (widget.js …), ETag, gzip file beside it if there
// OPTIONS anything: CORS for the allowed origins only.

const struct http_handler *live_handler(struct channels *c);
