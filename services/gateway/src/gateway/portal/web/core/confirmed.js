// The window in which the provider has authenticated the person: notifies the page that asked, and closes.

import { CHANNEL } from './confirm.js';

new BroadcastChannel(CHANNEL).postMessage('proved');
window.close();
