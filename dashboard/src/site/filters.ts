/** Filters as they stand in an address: `field:operator:value`, read and written here and nowhere else. */

export const OPERATORS = ['eq', 'neq', 'c', 'dnc', 're', 'nre', 's', 'ns', 't', 'f', 'gt', 'gte', 'lt', 'lte', 'bf', 'af'] as const;
export type Operator = (typeof OPERATORS)[number];

/** What filters compare; a property of custom events is `property:KEY`. */
export const FIELDS = [
  'path', 'entry', 'exit', 'hostname', 'query', 'title', 'referrer', 'referrer_path', 'channel',
  'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term', 'click', 'event', 'tag',
  'browser', 'os', 'device', 'screen', 'language', 'country', 'region', 'city', 'currency',
] as const; // prettier-ignore
export type FieldName = (typeof FIELDS)[number] | `property:${string}`;

/** Operators that are about a text: what is asked of any field. The others are for numbers of properties. */
export const OF_TEXTS: readonly Operator[] = ['eq', 'neq', 'c', 'dnc', 's', 'ns', 're', 'nre'];
export const OF_PROPERTIES: readonly Operator[] = [...OF_TEXTS, 'gt', 'gte', 'lt', 'lte', 't', 'f'];
export const WITHOUT_VALUE: readonly Operator[] = ['s', 'ns', 't', 'f'];

export interface Filter {
  field: FieldName;
  operator: Operator;
  values: readonly string[];
}

const PROPERTY = 'property:';

/** Null for what is no filter: an address may hold anything. */
export function read(text: string): Filter | null {
  if (text.startsWith('[')) return readList(text);
  const parts = text.split(':');
  const prefix = parts[0] === 'property' ? 2 : 1;
  const operator = parts[prefix];
  if (!isOperator(operator)) return null;
  const field = parts.slice(0, prefix).join(':') as FieldName;
  if (WITHOUT_VALUE.includes(operator)) return { field, operator, values: [] };
  if (parts.length < prefix + 2) return null;
  const content = parts.slice(prefix + 1).join(':');
  return { field, operator, values: several(content) ?? [content] };
}

function readList(text: string): Filter | null {
  try {
    const [field, operator, content] = JSON.parse(text) as [string, string, string | string[]];
    if (!isOperator(operator)) return null;
    return { field: field as FieldName, operator, values: typeof content === 'string' ? [content] : (content ?? []) };
  } catch {
    return null;
  }
}

/** The server takes a content in brackets for a list, if it is one; else for a text that begins with a bracket. */
function several(content: string): string[] | null {
  if (!content.startsWith('[')) return null;
  try {
    const found: unknown = JSON.parse(content);
    return Array.isArray(found) && found.every((one) => typeof one === 'string') ? found : null;
  } catch {
    return null;
  }
}

const isOperator = (text: string | undefined): text is Operator => OPERATORS.includes(text as Operator);

export function write({ field, operator, values }: Filter): string {
  const [first = ''] = values;
  if (field.startsWith(PROPERTY) && field.slice(PROPERTY.length).includes(':')) return JSON.stringify([field, operator, values]);
  if (WITHOUT_VALUE.includes(operator)) return `${field}:${operator}`;
  return `${field}:${operator}:${values.length > 1 || first.startsWith('[') ? JSON.stringify(values) : first}`;
}

export const same = (one: Filter, other: Filter): boolean => write(one) === write(other);

/** `filters` with one more: a further value of the same field and operator joins the filter that is there. */
export function joined(filters: readonly Filter[], one: Filter): Filter[] {
  if (filters.some((each) => same(each, one))) return [...filters];
  const joins = one.operator === 'eq' || one.operator === 'neq';
  const there = joins ? filters.find((each) => each.field === one.field && each.operator === one.operator) : undefined;
  if (!there) return [...filters, one];
  const values = [...new Set([...there.values, ...one.values])];
  return filters.map((each) => (each === there ? { ...each, values } : each));
}
