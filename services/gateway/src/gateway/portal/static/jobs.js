// The list of single images.

import { keepFresh } from './live.js';

keepFresh(document.getElementById('list'), () => {});
