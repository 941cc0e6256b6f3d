/**
 * The token of a one-time link. It stands behind the #, so it never reaches a server's log, and it leaves the address
 * bar at once, so it is in no history list and no screenshot. A reload finds it again.
 */
export function takeToken(): string {
  const arrived = new URLSearchParams(window.location.hash.slice(1)).get('token');
  if (arrived) history.replaceState({ token: arrived }, '', window.location.pathname + window.location.search);
  const kept = history.state as { token?: string } | null;
  return kept?.token ?? '';
}
