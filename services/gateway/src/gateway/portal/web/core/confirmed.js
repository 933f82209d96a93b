// The window in which the provider has authenticated the person: notifies the dialog that asked, and closes.

import { CHANNEL } from './confirm.js';

new BroadcastChannel(CHANNEL).postMessage(new URLSearchParams(location.search).get('dialog'));
window.close();
