interface Props {
  value: number
  onChange(value: number): void
  label: string
  least?: number
}

export const Quantity = ({ value, onChange, label, least = 1 }: Props) => (
  <div className="quantity" role="group" aria-label={label}>
    <button type="button" aria-label="One less" disabled={value <= least} onClick={() => onChange(value - 1)}>
      −
    </button>
    <input
      type="number"
      min={least}
      max={20}
      value={value}
      aria-label={label}
      onChange={(event) => onChange(Math.min(20, Math.max(least, event.target.valueAsNumber || least)))}
    />
    <button type="button" aria-label="One more" disabled={value >= 20} onClick={() => onChange(value + 1)}>
      +
    </button>
  </div>
)
