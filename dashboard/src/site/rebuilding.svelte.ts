/** Whether the server is making its warehouse anew, so that no report can be answered yet: said once, above the page. */

class Rebuilding {
  /** In the server's words, with how far it is. */
  said = $state<string | null>(null);
}

export const rebuilding = new Rebuilding();
