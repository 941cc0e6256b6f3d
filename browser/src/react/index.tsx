/**
 * Sightline in React: a provider that starts the SDK once, however often React or the development server starts it; a
 * hook; an error boundary that reports and then behaves as the application wants.
 */

import { Component, createContext, createElement, useContext, useEffect, useRef, useState } from 'react';
import type { Context as ReactContext, ErrorInfo, ReactNode } from 'react';
import { idle, running } from '../core/client.ts';
import { init } from '../index.ts';
import type { Client, Consent, Options, Properties, Status } from '../types.ts';

const Context: ReactContext<Client | undefined> = createContext<Client | undefined>(undefined);

/** The SDK; one that does nothing where none was started. */
export const useSightline = (): Client => useContext(Context) ?? running() ?? idle;

export interface ProviderProps {
  children?: ReactNode;
  /** How the SDK is started; left out, nothing is collected, as in development. */
  options?: Options | undefined;
  /** For tests: a client of `sightline-browser/mock`. */
  client?: Client;
}

/**
 * Start the SDK and hand it down. Under StrictMode and hot replacement effects run again and modules are loaded anew;
 * the SDK that runs is found and kept, so unmounting does not stop it either: `stop()` does.
 */
export const SightlineProvider = ({ children, options, client }: ProviderProps): ReactNode => {
  const [found, setFound] = useState<Client | undefined>(client ?? running());
  useEffect(() => {
    if (!client && options) setFound(init(options));
    // Options only say how to start; what runs is not started anew for others.
  }, []);
  return createElement(Context.Provider, { value: client ?? found }, children);
};

export interface BoundaryProps {
  children?: ReactNode;
  /** What is shown instead; without it the error goes on to the next boundary. */
  fallback?: ReactNode | ((error: unknown, retry: () => void, visit: string) => ReactNode);
  /** What the error was about, for the report. */
  context?: Properties;
  onError?: (error: unknown, info: ErrorInfo) => void;
}

interface BoundaryState {
  error: unknown;
  failed: boolean;
}

/** Reports what its children throw while they render. In development React shows the error as it always does. */
export class SightlineErrorBoundary extends Component<BoundaryProps, BoundaryState> {
  static override contextType: typeof Context = Context;
  override state: BoundaryState = { error: undefined, failed: false };

  static getDerivedStateFromError(error: unknown): BoundaryState {
    return { error, failed: true };
  }

  override componentDidCatch(error: unknown, info: ErrorInfo): void {
    const client = this.client() as { error(...all: unknown[]): void };
    client.error(error, this.props.context, 'react', info.componentStack ?? '');
    this.props.onError?.(error, info);
  }

  retry = (): void => this.setState({ error: undefined, failed: false });

  override render(): ReactNode {
    const { children, fallback } = this.props;
    const { error, failed } = this.state;
    if (!failed) return children;
    if (fallback === undefined) throw error;
    return typeof fallback === 'function' ? fallback(error, this.retry, this.client().visitId()) : fallback;
  }

  private client(): Client {
    return (this.context as Client | undefined) ?? running() ?? idle;
  }
}

/**
 * Count page views by a router's location, for applications that start with `pages: false`: give it whatever changes
 * with the route, as `useLocation().pathname`.
 */
export const usePageViews = (location: string): void => {
  const client = useSightline();
  const last = useRef<string>(undefined);
  useEffect(() => {
    if (last.current === location) return; // StrictMode runs every effect twice
    last.current = location;
    client.page();
  }, [client, location]);
};

export interface NoticeProps {
  /** What is asked; the application's own words, in its visitors' language. */
  children: ReactNode;
  accept: ReactNode;
  decline: ReactNode;
  /** What is agreed to by accepting. */
  level?: Consent;
  className?: string;
  /** For applications that remember the answer: the SDK stores none. */
  onAnswer?: (level: Consent) => void;
}

/** A notice that asks, without a look of its own; for sites that start with `consent: 'ask'`. */
export const PrivacyNotice = ({ children, accept, decline, level = 'replay', className, onAnswer }: NoticeProps): ReactNode => {
  const client = useSightline();
  const [answered, setAnswered] = useState(false);
  if (answered) return null;
  const answer = (given: Consent): void => {
    client.consent(given);
    setAnswered(true);
    onAnswer?.(given);
  };
  return createElement(
    'section',
    { className, 'aria-live': 'polite', 'data-sightline-notice': '' },
    children,
    createElement('button', { type: 'button', onClick: () => answer(level) }, accept),
    createElement('button', { type: 'button', onClick: () => answer('none') }, decline),
  );
};

/** For development: what the SDK is doing, in a corner. Render it only there. */
export const SightlineOverlay = ({ everyMs = 1000 }: { everyMs?: number }): ReactNode => {
  const client = useSightline();
  const [status, setStatus] = useState<Status>(() => client.status());
  useEffect(() => {
    const timer = setInterval(() => setStatus(client.status()), everyMs);
    return () => clearInterval(timer);
  }, [client, everyMs]);
  const said = status.stopped
    ? 'Sightline is not running'
    : `visit ${status.visit || '…'} · sent ${status.sent} · waiting ${status.waiting} · lost ${status.lost}` +
      `${status.failing ? ' · failing' : ''}${status.recording ? ' · recording' : ''}`;
  const style = { position: 'fixed', right: 8, bottom: 8, zIndex: 2147483647, padding: '2px 8px', font: '12px monospace', background: '#111', color: '#eee', borderRadius: 4, pointerEvents: 'none' } as const; // prettier-ignore
  return createElement('output', { style, 'data-sightline-block': '' }, said);
};

export type { Client, Consent, Options, Properties, Status } from '../types.ts';
