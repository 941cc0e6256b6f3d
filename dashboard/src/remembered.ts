/** Small things that this browser remembers; one that keeps nothing forgets them with the page. */

const PREFIX = 'sightline-';
const here = new Map<string, string>();

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name) ?? here.get(name) ?? null;
  } catch {
    return here.get(name) ?? null;
  }
}

export function remember(name: string, value: string): void {
  here.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // Storage is blocked or full: it is remembered until the page goes.
  }
}
