// The list of single images.

import { byId } from '../core/dom.js';
import { keepFresh } from '../core/fresh.js';

keepFresh(byId('list'), () => {});
