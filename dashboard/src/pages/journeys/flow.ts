/** The ways of visits as columns of places and the streams between them, in units that a drawing can take. */

import type { JourneyRow } from '../../api/schema.ts';

export interface Node {
  column: number;
  /** Empty for those that are too few to stand alone. */
  name: string;
  visits: number;
  top: number;
  height: number;
}

export interface Stream {
  from: Node;
  to: Node;
  visits: number;
  fromTop: number;
  toTop: number;
  height: number;
}

export interface Flow {
  nodes: Node[];
  streams: Stream[];
  columns: number;
  height: number;
}

const GAP = 14;
const LEAST = 3;
const HEIGHT = 420;
const MOST_IN_COLUMN = 8;

/** Lay out the rows; a column holds the places with the most visits, and all others together. */
export function flow(rows: readonly JourneyRow[]): Flow {
  const columns = Math.max(0, ...rows.map(({ steps }) => steps.length));
  const kept = Array.from({ length: columns }, (_, column) => largest(rows, column));
  const nameAt = (row: JourneyRow, column: number): string | null => {
    const name = row.steps[column];
    return name === undefined ? null : kept[column]?.has(name) ? name : '';
  };

  const nodes = new Map<string, Node>();
  const links = new Map<string, { from: string; to: string; visits: number }>();
  for (const row of rows)
    for (let column = 0; column < columns; column += 1) {
      const name = nameAt(row, column);
      if (name === null) break;
      const key = `${column} ${name}`;
      const node = nodes.get(key) ?? { column, name, visits: 0, top: 0, height: 0 };
      node.visits += row.visits;
      nodes.set(key, node);
      const next = nameAt(row, column + 1);
      if (next === null) continue;
      const [from, to] = [key, `${column + 1} ${next}`];
      const link = links.get(`${from}\n${to}`) ?? { from, to, visits: 0 };
      link.visits += row.visits;
      links.set(`${from}\n${to}`, link);
    }

  const byColumn = Array.from({ length: columns }, (_, column) =>
    [...nodes.values()].filter((node) => node.column === column).sort((one, other) => Number(!one.name) - Number(!other.name) || other.visits - one.visits),
  );
  const room = HEIGHT - GAP * MOST_IN_COLUMN;
  const most = Math.max(1, ...byColumn.map((column) => column.reduce((sum, { visits }) => sum + visits, 0)));
  let height = 0;
  for (const column of byColumn) {
    let top = 0;
    for (const node of column) {
      node.top = top;
      node.height = Math.max(LEAST, (node.visits / most) * room);
      top += node.height + GAP;
    }
    height = Math.max(height, top);
  }
  return { nodes: [...nodes.values()], streams: streams(nodes, [...links.values()]), columns, height };
}

function largest(rows: readonly JourneyRow[], column: number): Set<string> {
  const sums = new Map<string, number>();
  for (const { steps, visits } of rows) {
    const name = steps[column];
    if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + visits);
  }
  return new Set([...sums].sort((one, other) => other[1] - one[1]).slice(0, MOST_IN_COLUMN - 1).map(([name]) => name));
}

function streams(nodes: Map<string, Node>, links: { from: string; to: string; visits: number }[]): Stream[] {
  const used = new Map<string, { out: number; in: number }>();
  const at = (key: string): { out: number; in: number } => {
    const found = used.get(key) ?? { out: 0, in: 0 };
    used.set(key, found);
    return found;
  };
  const place = (key: string): number => nodes.get(key)?.top ?? 0;
  const ordered = [...links].sort((one, other) => place(one.from) - place(other.from) || place(one.to) - place(other.to));
  return ordered.flatMap(({ from, to, visits }) => {
    const [source, target] = [nodes.get(from), nodes.get(to)];
    if (!source || !target) return [];
    const height = (visits / Math.max(1, source.visits)) * source.height;
    const stream: Stream = { from: source, to: target, visits, height, fromTop: source.top + at(from).out, toTop: target.top + at(to).in };
    at(from).out += height;
    at(to).in += height;
    return [stream];
  });
}
