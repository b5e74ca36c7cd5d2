// SPDX-License-Identifier: Apache-2.0
// The demo shop's own two behaviours: a basket that counts, and a button that opens the chat.
const count = document.querySelector('output');

document.addEventListener('click', (event) => {
	if (event.target.closest('[data-add]')) count.textContent = String(Number(count.textContent) + 1);
	if (event.target.closest('[data-ask]')) window.Beseda?.open();
});
