/** Nothing of ours may break the page that it watches. */

type Any = any; // eslint-disable-line @typescript-eslint/no-explicit-any

/** False in the script that Sightline serves: what is said on the console is for who develops with the module. */
declare const TALKS: boolean;

let debugging = false;

export const debug = (on: boolean): void => {
  debugging = TALKS && on;
};

export const say = (...what: unknown[]): void => {
  if (TALKS && debugging) console.debug('[sightline]', ...what);
};

/** The same function, which returns undefined where it would have thrown. */
export const safe =
  <A extends Any[], R>(work: (...all: A) => R): ((...all: A) => R | undefined) =>
  (...all) => {
    try {
      return work(...all);
    } catch (error) {
      say(error);
      return undefined;
    }
  };

/** Listen, passively and safely; returns what ends it. */
export const on = (target: EventTarget, names: string, work: (event: Any) => void, capture = true): (() => void) => {
  const heard = safe(work);
  const each = names.split(' ');
  for (const name of each) target.addEventListener(name, heard, { capture, passive: true });
  return () => {
    for (const name of each) target.removeEventListener(name, heard, capture);
  };
};

/**
 * Wrap a method: `work` gets what does it, its arguments, and what it is called on. Returns what takes the wrapper away.
 * Where somebody else has wrapped ours meanwhile it stays in their chain, and lets everything through.
 */
export const wrap = (owner: Any, name: string, work: (call: (all: ArrayLike<Any>) => Any, all: Any[], self: Any) => Any): (() => void) => {
  const own = owner?.[name];
  if (!own) return () => {};
  let active = true;
  const wrapper = function (this: Any, ...all: Any[]): Any {
    const call = (given: ArrayLike<Any>): Any => own.apply(this, given);
    return active ? work(call, all, this) : call(all);
  };
  owner[name] = wrapper;
  return () => {
    active = false;
    if (owner[name] === wrapper) owner[name] = own;
  };
};

/** A random name of 128 bits. */
export const random = (bytes = 16): string =>
  [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
