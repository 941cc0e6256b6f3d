/** The recorder as the script fetches it. */

import { record } from './record.ts';

(window as { __sightline_recorder?: unknown }).__sightline_recorder = { record };
