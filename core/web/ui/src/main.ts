// SPDX-License-Identifier: Apache-2.0
// Starts the page: language, look, then the app.
import { mount } from 'svelte';
import App from './App.svelte';
import { startLanguage } from './i18n/index.svelte';
import { preferences } from './state/preferences.svelte';
import './style/base.css';

preferences.applyTheme();
await startLanguage();
mount(App, { target: document.body });
