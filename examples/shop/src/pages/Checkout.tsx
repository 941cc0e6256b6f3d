import { useEffect, useState } from 'react'
import type { FormEvent } from 'react'
import type { Order } from '../api.ts'
import { ApiError, money, post } from '../api.ts'
import { useCart } from '../cart.tsx'
import { track } from '../lib/tracking/index.ts'
import { Link, navigate } from '../router.tsx'

interface Field {
  name: string
  label: string
  type?: string
  auto?: string
  wide?: boolean
  optional?: boolean
  mode?: 'numeric' | 'tel' | 'email'
}

/** Every kind of personal field that a shop can ask for; that is what this page is for. */
const PARTS: { title: string; fields: Field[] }[] = [
  {
    title: 'You',
    fields: [
      { name: 'firstName', label: 'First name', auto: 'given-name' },
      { name: 'lastName', label: 'Last name', auto: 'family-name' },
      { name: 'email', label: 'E-mail', type: 'email', auto: 'email', mode: 'email' },
      { name: 'phone', label: 'Telephone', type: 'tel', auto: 'tel', mode: 'tel' },
      { name: 'birthDate', label: 'Date of birth', type: 'date', auto: 'bday', optional: true },
      { name: 'taxId', label: 'Tax or social security number', auto: 'off', optional: true },
      { name: 'newPassword', label: 'Password for an account', type: 'password', auto: 'new-password', optional: true, wide: true },
    ],
  },
  {
    title: 'Delivery',
    fields: [
      { name: 'street', label: 'Street and number', auto: 'street-address', wide: true },
      { name: 'postcode', label: 'Postcode', auto: 'postal-code' },
      { name: 'city', label: 'City', auto: 'address-level2' },
      { name: 'company', label: 'Company', auto: 'organization', optional: true },
      { name: 'notes', label: 'Anything our courier should know', type: 'textarea', auto: 'off', optional: true, wide: true },
    ],
  },
  {
    title: 'Payment',
    fields: [
      { name: 'cardHolder', label: 'Name on the card', auto: 'cc-name', wide: true },
      { name: 'cardNumber', label: 'Card number', auto: 'cc-number', mode: 'numeric', wide: true },
      { name: 'cardExpiry', label: 'Valid until', auto: 'cc-exp' },
      { name: 'cardCode', label: 'Security code', type: 'password', auto: 'cc-csc', mode: 'numeric' },
      { name: 'iban', label: 'IBAN for refunds', auto: 'off', optional: true, wide: true },
      { name: 'oneTimeCode', label: 'Code from your bank', auto: 'one-time-code', mode: 'numeric', optional: true },
    ],
  },
]

const Input = ({ field: { name, label, type, auto, wide, optional, mode }, wrong }: { field: Field; wrong: string | undefined }) => {
  const about = {
    id: name, name, autoComplete: auto, inputMode: mode, required: !optional,
    'aria-invalid': wrong ? true : undefined, 'aria-describedby': wrong ? `${name}-wrong` : undefined,
  } // prettier-ignore
  return (
    <div className={wide ? 'field wide' : 'field'}>
      <label htmlFor={name}>
        {label}
        {optional && <span className="quiet"> (optional)</span>}
      </label>
      {type === 'textarea' ? <textarea rows={3} {...about} /> : <input type={type ?? 'text'} {...about} />}
      {wrong && (
        <p className="wrong" id={`${name}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  )
}

const Checkout = () => {
  const { lines, count, total, empty } = useCart()
  const [wrong, setWrong] = useState<Record<string, string>>({})
  const [failed, setFailed] = useState('')
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    if (count) track('checkout', { items: count })
    // Once, when the page is shown.
  }, []) // eslint-disable-line

  const order = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setFailed('')
    const customer = Object.fromEntries(new FormData(event.currentTarget))
    try {
      const made = await post<Order>('/orders', { customer, lines: lines.map(({ product, quantity }) => ({ product: product.id, quantity })) })
      track('order', { revenue: made.total, currency: 'EUR', items: count })
      empty()
      navigate(`/thanks?order=${made.number}`)
    } catch (error) {
      setWrong(error instanceof ApiError ? error.fields : {})
      setFailed(error instanceof ApiError ? error.message : 'The shop cannot be reached. Please try again.')
    } finally {
      setBusy(false)
    }
  }

  if (!lines.length) {
    return (
      <section className="notice">
        <title>Check out · Fern &amp; Clay</title>
        <h1>There is nothing to pay for yet</h1>
        <Link href="/" className="button">
          See all plants
        </Link>
      </section>
    )
  }
  return (
    <section className="checkout">
      <title>Check out · Fern &amp; Clay</title>
      <h1>Check out</h1>
      <p className="quiet">This shop is an example. Make something up: nothing is charged, sent or kept.</p>
      <form onSubmit={(event) => void order(event)} noValidate>
        {PARTS.map(({ title, fields }) => (
          <fieldset key={title}>
            <legend>{title}</legend>
            {fields.map((field) => (
              <Input key={field.name} field={field} wrong={wrong[field.name]} />
            ))}
          </fieldset>
        ))}
        <p role="alert" className="wrong">
          {failed}
        </p>
        <div className="total">
          <p>
            <span className="quantity">{count}</span> {count === 1 ? 'plant' : 'plants'}, in all <strong>{money(total)}</strong>
          </p>
          <button type="submit" className="button" disabled={busy}>
            {busy ? 'One moment…' : 'Place order'}
          </button>
        </div>
      </form>
    </section>
  )
}

export default Checkout
