// The list of single images.

import { keepFresh } from '../core/fresh.js';

keepFresh(document.getElementById('list'), () => {});
