// The page of one job: goes on with it where it is.

import { Follow } from './follow.js';
import { localTimes } from '../core/times.js';

const root = document.getElementById('follow');
localTimes(document);
new Follow(root, document.getElementById('report')).watch(root.dataset.jobId);
