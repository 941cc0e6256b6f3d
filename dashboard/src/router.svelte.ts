/** The address bar as state: history routing for links inside the application, and nothing more. */

class Router {
  path = $state(window.location.pathname);
  query = $state(new URLSearchParams(window.location.search));
  /** Counts arrivals, so that a page can tell a new visit to the same path. */
  visits = $state(0);

  constructor() {
    window.addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#follow(event));
  }

  /** `stay` where only a filter or the like changes: the page then keeps its place. */
  go(to: string, { replace = false, stay = false }: { replace?: boolean; stay?: boolean } = {}): void {
    history[replace ? 'replaceState' : 'pushState'](null, '', to);
    this.#read();
    if (!stay) window.scrollTo(0, 0);
  }

  #read(): void {
    this.path = window.location.pathname;
    this.query = new URLSearchParams(window.location.search);
    this.visits += 1;
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== window.location.origin) return;
    if (link.pathname.startsWith('/api/')) return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();

/** Only a path of this application may be gone to after signing in; "//host" would leave it. */
export function inside(path: string | null): string {
  return path && /^\/(?![/\\])/.test(path) ? path : '/';
}
