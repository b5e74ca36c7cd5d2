// SPDX-License-Identifier: Apache-2.0
// Where the page is: the address bar is the truth, back and forward work.
import { formatRoute, HOME, parseRoute, type Route } from '../lib/router';
import { browserStorage } from '../lib/storage';
import { STATE_FILTERS, VIEWS } from '../lib/views';

const NAME = 'beseda.view';
const storage = browserStorage(localStorage);

/** The view looked at last, for an address that names none. */
function lastView(): Pick<Route, 'view' | 'state'> {
	const stored = storage.get(NAME) as Partial<Route> | undefined;
	return {
		view: VIEWS.find((one) => one === stored?.view) ?? HOME.view,
		state: STATE_FILTERS.find((one) => one === stored?.state) ?? HOME.state,
	};
}

function here(): Route {
	return parseRoute(location.pathname, location.search, lastView());
}

class Navigation {
	route = $state.raw<Route>(here());

	constructor() {
		addEventListener('popstate', () => (this.route = here()));
	}

	/** The address of the present route with some of it changed, for links. */
	href(change: Partial<Route>): string {
		return formatRoute({ ...this.route, ...change });
	}

	go(change: Partial<Route>): void {
		const route = { ...this.route, ...change };
		storage.set(NAME, { view: route.view, state: route.state });
		if (formatRoute(route) === location.pathname + location.search) return;
		this.route = route;
		history.pushState(null, '', formatRoute(route));
	}

	/** For onclick of links with href(): new tabs and the like stay the browser's. */
	follow(event: MouseEvent, change: Partial<Route>): void {
		if (
			event.defaultPrevented ||
			event.button !== 0 ||
			event.metaKey ||
			event.ctrlKey ||
			event.shiftKey ||
			event.altKey
		)
			return;
		event.preventDefault();
		this.go(change);
	}
}

export const navigation = new Navigation();
