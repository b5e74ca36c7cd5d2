// SPDX-License-Identifier: Apache-2.0
// The time as the page shows it: moves on every half minute.
let now = $state(Date.now());
setInterval(() => (now = Date.now()), 30_000);

export function pageNow(): number {
	return now;
}
