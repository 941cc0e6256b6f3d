/** One function turns what went wrong with a request into words. */

import { t } from '../messages/shell.ts';

/** What the server says about an error. */
interface Said {
  code: string;
  message?: string;
  hint?: string;
  field?: string;
  requestId?: string | null;
  retryAfter?: number | null;
}

export class ApiError extends Error {
  constructor(
    /** 0 when nothing answered. */
    readonly status: number,
    readonly said: Said,
  ) {
    super(said.message ?? said.code);
  }
}

export interface Problem {
  status: number;
  title: string;
  hint: string;
  /** The field of the form that the server names. */
  field: string | null;
  requestId: string | null;
}

const sentence = (text: string): string => {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
};

/** The server's own words are the best, since they know the case; ours stand in where it could say none. */
export function words(error: unknown): Problem {
  if (!(error instanceof ApiError))
    return { status: 0, title: t.errors.broken, hint: t.errors.brokenHint, field: null, requestId: null };
  const { status, said } = error;
  const own = t.errors.byCode[said.code as keyof typeof t.errors.byCode];
  const title = said.message ? sentence(said.message) : (own?.title ?? t.errors.unknown);
  return { status, title, hint: hint(error) || own?.hint || '', field: said.field ?? null, requestId: said.requestId ?? null };
}

function hint({ status, said }: ApiError): string {
  if (status === 429 && said.retryAfter) return t.errors.wait(said.retryAfter);
  if (said.hint) return sentence(said.hint);
  return status >= 500 ? t.errors.brokenHint : '';
}
