/** The panes beside a recording, in the order of their tabs. */

export const PANES = ['events', 'console', 'network', 'performance', 'errors', 'logs', 'notes'] as const;
export type PaneName = (typeof PANES)[number];
/** What a link shows: no more than the recording itself. */
export const SHARED_PANES: readonly PaneName[] = ['events'];

export const isPane = (text: string | null): text is PaneName => PANES.includes(text as PaneName);
