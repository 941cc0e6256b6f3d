import { useEffect } from 'react'
import type { Account as Whose } from '../api.ts'
import { money, useApi } from '../api.ts'
import { identify } from '../lib/tracking/index.ts'

/** Full of what must never be readable elsewhere: a recording of it shows stars. */
const Account = () => {
  const { data } = useApi<Whose>('/account')
  useEffect(() => {
    if (data) identify(data.customer, { plan: data.plan })
  }, [data])
  if (!data) return <p className="quiet waiting">One moment…</p>
  return (
    <section className="account">
      <title>Account · Fern &amp; Clay</title>
      <h1>Good day, {data.name.split(' ')[0]}</h1>
      <div className="columns">
        <div className="panel">
          <h2>You</h2>
          <dl>
            <dt>Name</dt>
            <dd>{data.name}</dd>
            <dt>E-mail</dt>
            <dd>
              <a href={`mailto:${data.email}`}>{data.email}</a>
            </dd>
            <dt>Telephone</dt>
            <dd>{data.phone}</dd>
            <dt>Address</dt>
            <dd>
              {data.address.map((line) => (
                <span key={line}>
                  {line}
                  <br />
                </span>
              ))}
            </dd>
          </dl>
        </div>
        <div className="panel">
          <h2>Orders</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">Number</th>
                <th scope="col">Date</th>
                <th scope="col">State</th>
                <th scope="col" className="number">
                  Total
                </th>
              </tr>
            </thead>
            <tbody>
              {data.orders.map((order) => (
                <tr key={order.number}>
                  <td>{order.number}</td>
                  <td>{order.date}</td>
                  <td>{order.state}</td>
                  <td className="number">{money(order.total)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </section>
  )
}

export default Account
