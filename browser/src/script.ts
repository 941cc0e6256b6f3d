/**
 * The SDK as a script: `<script async src="…/s.js" data-site="pk_…"></script>`. Every option of `init` may stand as a
 * `data-` attribute; the SDK is `window.sightline`.
 */

import { begin } from './core/client.ts';
import type { Recorder, Recording } from './core/replays.ts';
import type { Options } from './types.ts';

/** The recorder's file and its digest; the build writes them. */
declare const RECORDER: { file: string; integrity: string };

type Recorders = { record(to: Recording): Recorder };
type Holder = Window & { sightline?: unknown; __sightline_recorder?: Recorders };

const script = document.currentScript as HTMLScriptElement | null;

const load = (host: string): Promise<Recorders> =>
  new Promise((resolve) => {
    const made = document.createElement('script');
    made.src = `${host}/${RECORDER.file}`;
    made.integrity = RECORDER.integrity;
    made.crossOrigin = 'anonymous';
    made.nonce = script?.nonce ?? '';
    made.onload = () => resolve((window as Holder).__sightline_recorder!);
    document.head.append(made);
    made.remove();
  });

try {
  if (script?.dataset.site) {
    const options: Record<string, unknown> = { host: script.src.replace(/\/[^/]*$/, ''), ...script.dataset };
    for (const name in options) options[name] = options[name] === 'true' || (options[name] !== 'false' && options[name]);
    const holder = window as Holder;
    holder.sightline ??= begin(options as unknown as Options, load);
  }
} catch {
  // A page works without being watched.
}
