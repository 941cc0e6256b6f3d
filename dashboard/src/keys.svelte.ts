/** Shortcuts: one listener for all of them, the list that `?` shows, and nothing while somebody types. */

export interface Shortcut {
  /** As KeyboardEvent.key says it, in lower case; `shift+c` for a letter with Shift. */
  key: string;
  /** What it does, in the list. */
  label: string;
  run: (event: KeyboardEvent) => void;
  /** How the list shows the key, where that is not the key itself. */
  shown?: string;
}

export interface Group {
  title: string;
  shortcuts: readonly Shortcut[];
}

class Keys {
  /** What the list shows. */
  groups = $state.raw<readonly Group[]>([]);
  // What works, and no state: what one effect takes away in the course of a change another has just added.
  #working: readonly Group[] = [];
  helping = $state(false);

  constructor() {
    window.addEventListener('keydown', (event) => this.#press(event));
  }

  /** Have these work until the component that asks is gone; what was added last comes first. */
  use(group: () => Group): void {
    $effect(() => {
      const mine = group();
      this.#set([mine, ...this.#working]);
      return () => this.#set(this.#working.filter((one) => one !== mine));
    });
  }

  #set(groups: readonly Group[]): void {
    this.#working = groups;
    this.groups = groups;
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]')) return;
    // Space presses what has the focus, wherever it also means something to the page.
    if (event.key === ' ' && event.target instanceof Element && event.target.closest('button, a, summary')) return;
    if (event.key === '?') {
      this.helping = true;
      event.preventDefault();
      return;
    }
    const letter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
    const key = letter && event.shiftKey ? `shift+${event.key.toLowerCase()}` : event.key.toLowerCase();
    for (const { shortcuts } of this.#working) {
      const found = shortcuts.find((one) => one.key === key);
      if (!found) continue;
      event.preventDefault();
      found.run(event);
      return;
    }
  }
}

/** In a field every key is text; arrows belong to what is chosen with them, as tabs and menus. */
function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof Element &&
    target.closest('input:not([type=checkbox], [type=button], [type=range]), select, textarea, [contenteditable], [role=tab], [role=menu], [role=slider]') !== null
  );
}

export const keys = new Keys();
