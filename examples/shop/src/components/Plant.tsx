import type { Product } from '../api.ts'

type Shape = Product['shape']

/** A leaf from its foot upwards: bent to one side by `lean`, `wide` at its belly. */
const leaf = (x: number, y: number, long: number, wide: number, lean: number): string => {
  const [tx, ty] = [x + lean, y - long]
  const [mx, my] = [x + lean * 0.35, y - long * 0.55]
  return `M${x} ${y}Q${mx - wide} ${my} ${tx} ${ty}Q${mx + wide} ${my} ${x} ${y}Z`
}

const LEAVES: Record<Shape, string[]> = {
  broad: [leaf(100, 138, 72, 34, -58), leaf(100, 138, 74, 34, 56), leaf(100, 138, 100, 38, -16), leaf(100, 138, 52, 28, 74), leaf(100, 138, 48, 26, -78)],
  blade: [leaf(92, 138, 104, 10, -14), leaf(100, 138, 122, 11, 4), leaf(108, 138, 96, 10, 20), leaf(86, 138, 74, 9, -26), leaf(114, 138, 70, 9, 32)],
  frond: [-84, -62, -40, -18, 6, 30, 54, 78].map((lean) => leaf(100, 138, 104 - Math.abs(lean) * 0.72, 8, lean)),
  cactus: ['M78 138V66a22 22 0 0 1 44 0v72Z', 'M78 112h-10a12 12 0 0 1-12-12v-14a7 7 0 0 1 14 0v12h8Z', 'M122 98h8V80a7 7 0 0 1 14 0v20a12 12 0 0 1-12 12h-10Z'],
  rosette: [-64, -44, -24, 24, 44, 64, -12, 12, 0].map((lean) => leaf(100, 140, 66 - Math.abs(lean) * 0.42, 17, lean)),
  trailing: [
    'M100 132C60 110 44 130 40 190', 'M100 132C140 110 156 130 160 184', 'M96 132C80 104 66 108 60 164', 'M104 132C120 104 134 108 140 160',
  ],
  tree: ['M96 140L98 84h4l2 56Z', leaf(100, 92, 54, 26, -44), leaf(100, 92, 54, 26, 44), leaf(100, 90, 70, 28, -10), leaf(100, 92, 34, 22, 62), leaf(100, 92, 34, 22, -62)],
}

const SPOTS = [[40, 150], [40, 172], [42, 190], [160, 148], [160, 168], [160, 184], [62, 140], [60, 160], [138, 138], [140, 158], [72, 118], [128, 118], [100, 124]]

/** A potted plant, drawn: no photograph to load. */
export const Plant = ({ product: { shape, leaf: colour, pot, name }, label = false }: { product: Product; label?: boolean }) => (
  <svg viewBox="0 0 200 210" className="plant" role={label ? 'img' : undefined} aria-label={label ? name : undefined} aria-hidden={!label}>
    <ellipse cx="100" cy="198" rx="58" ry="6" fill="#00000014" />
    {shape === 'trailing' ? null : LEAVES[shape].map((d, index) => (
      <path key={d} d={d} fill={shape === 'tree' && index === 0 ? '#7a5b43' : colour} opacity={0.78 + (index % 3) * 0.11} />
    ))}
    <path d="M62 136h76l-9 58a6 6 0 0 1-6 5H77a6 6 0 0 1-6-5Z" fill={pot} />
    <path d="M58 130h84a3 3 0 0 1 3 3v9a3 3 0 0 1-3 3H58a3 3 0 0 1-3-3v-9a3 3 0 0 1 3-3Z" fill={pot} />
    <path d="M55 140h90v2a3 3 0 0 1-3 3H58a3 3 0 0 1-3-3Z" fill="#0000001f" />
    {shape === 'trailing' && (
      <g>
        {LEAVES.trailing.map((d) => <path key={d} d={d} fill="none" stroke={colour} strokeWidth="2.5" opacity="0.9" />)}
        {SPOTS.map(([x, y], index) => (
          <ellipse key={`${x} ${y}`} cx={x} cy={y} rx="10" ry="7" fill={colour} opacity={0.8 + (index % 3) * 0.1} transform={`rotate(${(index * 47) % 80 - 40} ${x} ${y})`} />
        ))}
      </g>
    )}
  </svg>
)
