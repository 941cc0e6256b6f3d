/** Short notices of what was done; a problem stays until it is dismissed. */

export interface Toast {
  id: number;
  tone: 'good' | 'bad';
  text: string;
}

const SHOWN_MS = 5000;

class Toasts {
  items = $state<Toast[]>([]);
  #last = 0;

  done(text: string): void {
    const id = this.#add('good', text);
    setTimeout(() => this.dismiss(id), SHOWN_MS);
  }

  failed(text: string): void {
    this.#add('bad', text);
  }

  dismiss(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }

  #add(tone: Toast['tone'], text: string): number {
    this.#last += 1;
    this.items = [...this.items.filter((toast) => toast.text !== text), { id: this.#last, tone, text }];
    return this.#last;
  }
}

export const toasts = new Toasts();
