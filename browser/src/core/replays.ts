/** When a visit is recorded, and where the recorder is fetched from; the recorder itself comes later, in its own file. */

import { safe } from './safe.ts';
import type { Configuration, Consent } from '../types.ts';

export interface Recorder {
  configure(configuration: Configuration): void;
  hide(): void;
  stop(): void;
}

export interface Recording {
  host: string;
  site: string;
  allowed(): boolean;
  level(): Consent | undefined;
  envelope(): Record<string, unknown>;
  visit(): string;
  configuration: Configuration | undefined;
}

export type LoadRecorder = (host: string) => Promise<{ record(to: Recording): Recorder }>;

export interface Replays {
  configure(configuration: Configuration): void;
  consented(): void;
  hide(): void;
  recording(): boolean;
  stop(): void;
}

/** Whether a page is one on which nothing is recorded, and so no recorder loaded. */
export const isPayment = (told: Pick<Configuration, 'payment'>): boolean => told.payment !== '' && new RegExp(told.payment).test(location.pathname);

export const watchReplay = (to: Omit<Recording, 'configuration'> & { load: LoadRecorder; wanted: boolean }): Replays => {
  let recorder: Recorder | undefined;
  let loading = false;
  let over = !to.wanted;
  let told: Configuration | undefined;

  const mayBe = (): boolean => !over && to.allowed() && (to.level() ?? 'replay') === 'replay';

  const begin = safe(() => {
    if (recorder || loading || !mayBe() || !told?.replay || isPayment(told)) return;
    if (Math.random() * 100 >= told.replay) {
      over = true;
      return;
    }
    loading = true;
    to.load(to.host).then(
      ({ record }) => {
        loading = false;
        if (mayBe()) recorder = safe(record)({ ...to, configuration: told });
      },
      () => {
        over = true;
      },
    );
  });

  return {
    configure(configuration) {
      told = configuration;
      if (recorder) recorder.configure(configuration);
      else begin();
    },
    consented() {
      if (!mayBe()) {
        recorder?.stop();
        recorder = undefined;
      } else begin();
    },
    hide: () => recorder?.hide(),
    recording: () => recorder !== undefined,
    stop() {
      over = true;
      recorder?.stop();
      recorder = undefined;
    },
  };
};
