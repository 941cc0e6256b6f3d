/** What a page reads from the server: waiting, there, or failed; and what it does there. */

import { words, type Problem } from './api/errors.ts';

/** What a page shows of something that is read. */
export interface Readable<T> {
  value: T | undefined;
  problem: Problem | null;
  busy: boolean;
  /** Whether the problem stands above already. */
  readonly told?: boolean;
  again: () => Promise<void>;
}

/** One thing that is read; `again` reads anew and keeps the old value on the screen meanwhile. */
export class Reading<T> implements Readable<T> {
  value = $state<T | undefined>(undefined);
  problem = $state<Problem | null>(null);
  busy = $state(false);
  #turn = 0;
  #read: () => Promise<T>;

  constructor(read: () => Promise<T>) {
    this.#read = read;
    void this.again();
  }

  again = async (): Promise<void> => {
    const turn = ++this.#turn;
    this.busy = true;
    try {
      const value = await this.#read();
      if (turn === this.#turn) {
        this.value = value;
        this.problem = null;
      }
    } catch (error) {
      if (turn === this.#turn) this.problem = words(error);
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  };
}

export type FieldProblems = Record<string, string | undefined>;

/**
 * One thing that is done: never twice at a time. A problem is shown at the field that the server names, if the form has
 * it, else above the buttons. `fields` names every field of the form, with what is wrong before asking the server.
 */
export class Doing {
  busy = $state(false);
  problem = $state<Problem | null>(null);
  fields = $state<FieldProblems>({});

  /** Check the fields, then run; true when it was done. */
  run = async (work: () => Promise<unknown>, fields: FieldProblems = {}): Promise<boolean> => {
    if (this.busy) return false;
    this.problem = null;
    this.fields = fields;
    if (Object.values(fields).some(Boolean)) {
      focusFirstProblem();
      return false;
    }
    this.busy = true;
    try {
      await work();
      return true;
    } catch (error) {
      const problem = words(error);
      const where = problem.field?.split('.')[0];
      if (where && where in fields) this.fields = { [where]: [problem.title, problem.hint].filter(Boolean).join(' ') };
      else this.problem = problem;
      focusFirstProblem();
      return false;
    } finally {
      this.busy = false;
    }
  };
}

function focusFirstProblem(): void {
  requestAnimationFrame(() => {
    const scope = document.querySelector('dialog[open]') ?? document;
    scope.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  });
}
