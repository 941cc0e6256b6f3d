import { Component } from 'react'
import type { ReactNode } from 'react'
import { report, visitId } from './index.ts'

interface Props {
  children: ReactNode
  /** Changes with the page: what failed on one is no reason to hide the next. */
  page: string
}

interface State {
  failed: boolean
  page: string
}

/** The shop's own boundary, which tells Sightline before it shows what it always showed. */
export class ErrorBoundary extends Component<Props, State> {
  state: State = { failed: false, page: this.props.page }

  static getDerivedStateFromError(): Partial<State> {
    return { failed: true }
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.page === state.page ? null : { failed: false, page: props.page }
  }

  componentDidCatch(error: Error): void {
    report(error, { boundary: 'page' })
  }

  render(): ReactNode {
    if (!this.state.failed) return this.props.children
    const visit = visitId()
    return (
      <section className="notice" role="alert">
        <h1>That did not work</h1>
        <p>It is our fault, and we have been told. Nothing in your cart is lost.</p>
        {visit && (
          <p className="quiet">
            If you write to us, name this visit: <code>{visit}</code>
          </p>
        )}
        <button type="button" className="button" onClick={() => this.setState({ failed: false })}>
          Try again
        </button>
      </section>
    )
  }
}
