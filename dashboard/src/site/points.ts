/** What a chart's table shows, and where its axis of time is labelled. */

export interface Row {
  begins: number;
  values: readonly (number | null)[];
}

const LABEL_PX = 76;

/** The intervals whose beginning is written below the axis: as many as there is room for, evenly. */
export function splits(count: number, width: number): number[] {
  const room = Math.max(2, Math.floor(width / LABEL_PX));
  const step = Math.max(1, Math.ceil(count / room));
  return Array.from({ length: Math.ceil(count / step) }, (_, place) => place * step);
}
