/** Lines of JSON to stdout, which is what Lambda keeps: one write for each, and never an error for who writes. */

// CloudWatch Logs takes 1 MiB for an event, of which 26 bytes are its own.
export const MOST = 1_048_576 - 26;
export const STANDARD = new Set(
  (
    'level message timestamp service cold_start function_name function_memory_size function_arn function_request_id xray_trace_id trace_id ' +
    'correlation_id visit_id user_pseudonym rules location logger exception exception_name truncated _aws records'
  ).split(' '),
);

let second = 0;
let day = '';

/** A moment as RFC 3339 in UTC, to the millisecond. */
export const stamp = (now: number): string => {
  const whole = Math.floor(now / 1000);
  if (whole !== second) {
    day = new Date(whole * 1000).toISOString().slice(0, 20);
    second = whole;
  }
  return `${day}${String(now - whole * 1000).padStart(3, '0')}Z`;
};

// Letters of most texts need no escape, which one look tells faster than JSON.stringify does.
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/; // eslint-disable-line no-control-regex
export const quoted = (text: string): string => (text.length < 512 && !ESCAPED.test(text) ? `"${text}"` : JSON.stringify(text));

/** A value as JSON, whatever it is; what JSON cannot say is null or text. */
export const jsonOf = (value: unknown): string => {
  if (typeof value === 'string') return quoted(value);
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return quoted(String(value));
  if (typeof value === 'bigint') return quoted(String(value));
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return quoted(String(value)); // it holds itself
  }
};

/** Where lines go; a test may watch it. */
export const out: { write(line: string): unknown } = { write: (line) => process.stdout.write(line) };

let guarded = false;

export const write = (line: string): void => {
  try {
    if (!guarded) {
      // A pipe that breaks says so later, as an event that would end the process if nobody heard it.
      process.stdout.on('error', () => undefined);
      guarded = true;
    }
    out.write(line);
  } catch {
    // A broken stdout is no reason for a function to fail.
  }
};
