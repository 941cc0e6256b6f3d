// @ts-check
/**
 * Make src/site/world.ts, the outlines of the map of countries, from Natural Earth's (public domain) as the npm package
 * world-atlas 2.0.2 (ISC) packs them:
 *
 *   npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz && node scripts/world.mjs package/countries-110m.json
 *
 * Each outline is drawn in whole units on a map 1000 wide in the Equal Earth projection (Šavrič, Patterson and Jenny 2018),
 * with relative lines: that is a fifth of the size. Antarctica, where nobody browses, is left out.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const WIDTH = 1000;
// Names that Natural Earth writes otherwise than Unicode's list of regions.
const OTHERWISE = /** @type {Record<string, string>} */ ({
  'W. Sahara': 'EH', 'United States of America': 'US', 'Dem. Rep. Congo': 'CD', 'Dominican Rep.': 'DO', 'Falkland Is.': 'FK',
  'Fr. S. Antarctic Lands': 'TF', "Côte d'Ivoire": 'CI', 'Central African Rep.': 'CF', Congo: 'CG', 'Eq. Guinea': 'GQ',
  eSwatini: 'SZ', Palestine: 'PS', Myanmar: 'MM', 'Solomon Is.': 'SB', Turkey: 'TR', 'Bosnia and Herz.': 'BA', Macedonia: 'MK',
  'Trinidad and Tobago': 'TT', 'S. Sudan': 'SS', 'N. Cyprus': 'CY', Somaliland: 'SO', Kosovo: 'XK',
}); // prettier-ignore

const named = new Map();
const names = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
for (const one of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ')
  for (const other of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
    const name = names.of(one + other);
    if (name && !named.has(name)) named.set(name, one + other);
  }

/** @type {{ arcs: number[][][], transform: { scale: number[], translate: number[] }, objects: { countries: { geometries: any[] } } }} */
const atlas = JSON.parse(readFileSync(process.argv[2] ?? 'countries-110m.json', 'utf-8'));
const { scale: [sx = 1, sy = 1], translate: [tx = 0, ty = 0] } = atlas.transform; // prettier-ignore
const arcs = atlas.arcs.map((arc) => {
  let [x, y] = [0, 0];
  return arc.map(([dx = 0, dy = 0]) => project((x += dx) * sx + tx, (y += dy) * sy + ty));
});

/** @param {number} longitude @param {number} latitude @returns {[number, number]} */
function project(longitude, latitude) {
  const [a1, a2, a3, a4] = [1.340264, -0.081106, 0.000893, 0.003796];
  const angle = Math.asin((Math.sqrt(3) / 2) * Math.sin((latitude * Math.PI) / 180));
  const [two, six] = [angle ** 2, angle ** 6];
  const slope = 9 * a4 * six * two + 7 * a3 * six + 3 * a2 * two + a1;
  const x = (2 * Math.sqrt(3) * ((longitude * Math.PI) / 180) * Math.cos(angle)) / (3 * slope);
  const y = angle * (a4 * six * two + a3 * six + a2 * two + a1);
  const half = (2 * Math.sqrt(3) * Math.PI) / (3 * a1);
  return [Math.round(((x + half) / (2 * half)) * WIDTH), Math.round(((1.3173627591574 - y) / (2 * half)) * WIDTH)];
}

/** @param {number[]} ring */
function path(ring) {
  const points = ring.flatMap((index, place) => {
    const arc = index < 0 ? [...(arcs[~index] ?? [])].reverse() : (arcs[index] ?? []);
    return place ? arc.slice(1) : arc;
  });
  const kept = points.filter(([x, y], place) => !place || x !== points[place - 1]?.[0] || y !== points[place - 1]?.[1]);
  const [first, ...others] = kept;
  if (!first || others.length < 3) return '';
  let [x, y] = first;
  const lines = others.slice(0, -1).map(([nx, ny]) => {
    const text = `${nx - x} ${ny - y}`;
    [x, y] = [nx, ny];
    return text;
  });
  return `M${first.join(' ')}l${lines.join(' ').replaceAll(' -', '-')}z`;
}

/** @type {Record<string, string>} */
const outlines = {};
for (const { properties, type, arcs: shape } of atlas.objects.countries.geometries) {
  if (properties.name === 'Antarctica') continue;
  const code = OTHERWISE[properties.name] ?? named.get(properties.name);
  if (!code) throw new Error(`no code for ${properties.name}: add it to OTHERWISE`);
  const polygons = type === 'Polygon' ? [shape] : shape;
  outlines[code] = (outlines[code] ?? '') + polygons.flat().map(path).join('');
}
const rows = Object.entries(outlines).filter(([, text]) => text).sort(([one], [other]) => (one < other ? -1 : 1));
const lines = rows.map(([code, text]) => `  ${code}: '${text}',`);
writeFileSync(
  new URL('../src/site/world.ts', import.meta.url),
  `/** The outlines of countries on a map of ${WIDTH} by 420, made by scripts/world.mjs from Natural Earth's (public domain). */\n\n` +
    `export const OUTLINES: Readonly<Record<string, string>> = {\n${lines.join('\n')}\n};\n`,
);
console.log(`${rows.length} countries, ${lines.join('\n').length} bytes`);
