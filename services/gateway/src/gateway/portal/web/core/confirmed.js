// The window in which the provider confirmed who the person is: tells the page that asked, and closes.

import { CHANNEL } from './confirm.js';

new BroadcastChannel(CHANNEL).postMessage('proved');
window.close();
