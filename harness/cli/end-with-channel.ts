/** Preloaded into programs of others that we start (vitest), so that they end with us. */
import { endWithChannel } from './parent.ts';

endWithChannel();
