// How pages that make, rename or remove apps tell the navigation.

import { createStore } from '../core/store.js';

export const appsChanged = createStore(0);

export const tellAppsChanged = () => appsChanged.set(appsChanged.get() + 1);
