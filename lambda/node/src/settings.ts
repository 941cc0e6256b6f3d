/** What the environment says, read once: `SIGHTLINE_…`, or the name that users of AWS Powertools have set already. */

export const LEVELS: Record<string, number> = { DEBUG: 10, INFO: 20, WARN: 30, WARNING: 30, ERROR: 40, CRITICAL: 50, FATAL: 50 };

/** The first of these variables that is set and not empty. */
export const first = (...names: string[]): string => names.map((name) => process.env[name]).find(Boolean) ?? '';
const isOff = (text: string): boolean => ['off', 'false', '0'].includes(text.toLowerCase());

const environment = first('SIGHTLINE_ENVIRONMENT');
const name = first('AWS_LAMBDA_FUNCTION_NAME');
const share = Number(first('SIGHTLINE_DEBUG_SAMPLE', 'POWERTOOLS_LOGGER_SAMPLE_RATE'));

export const settings = {
  function: name,
  service: first('SIGHTLINE_SERVICE', 'POWERTOOLS_SERVICE_NAME') || name || 'service_undefined',
  namespace: first('SIGHTLINE_NAMESPACE', 'POWERTOOLS_METRICS_NAMESPACE') || (environment ? `Sightline/${environment}` : 'Sightline'),
  level: LEVELS[first('SIGHTLINE_LOG_LEVEL', 'POWERTOOLS_LOG_LEVEL', 'AWS_LAMBDA_LOG_LEVEL', 'LOG_LEVEL').toUpperCase()] ?? 20,
  sample: Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0,
  clean: !isOff(first('SIGHTLINE_CLEAN')),
  rules: first('SIGHTLINE_RULES'),
  userKey: first('SIGHTLINE_USER_KEY'),
  capture: !isOff(first('SIGHTLINE_CAPTURE_CONSOLE')),
};
