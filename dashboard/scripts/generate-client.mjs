// @ts-check
/**
 * Make src/api/schema.ts from openapi.json: a type for each schema, and for each operation what goes in and comes out.
 *
 *   node scripts/generate-client.mjs            write it
 *   node scripts/generate-client.mjs --check    fail if it is not up to date
 *
 * It reads the subset of OpenAPI 3.1 that FastAPI writes and stops at anything else, rather than guess.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * @typedef {{
 *   $ref?: string, type?: string, enum?: string[], const?: string, anyOf?: Schema[], items?: Schema, description?: string,
 *   properties?: Record<string, Schema>, required?: string[], additionalProperties?: boolean | Schema,
 * }} Schema
 * @typedef {{ name: string, in: 'path' | 'query', required?: boolean, schema: Schema }} Parameter
 * @typedef {{ content?: { 'application/json'?: { schema: Schema } } }} Content
 * @typedef {{
 *   summary?: string, description?: string, parameters?: Parameter[], requestBody?: Content,
 *   responses: Record<string, Content>,
 * }} Operation
 */

const here = (/** @type {string} */ path) => new URL(path, import.meta.url);
const SOURCE = here('../openapi.json');
const TARGET = here('../src/api/schema.ts');
// Errors have one shape of their own, which src/api/errors.ts reads.
const SKIPPED = new Set(['HTTPValidationError', 'ValidationError']);

/** @param {string} name */
const identifier = (name) => name.replace(/[-_]+([A-Za-z])?/g, (_, letter) => (letter ?? '').toUpperCase());

/** @param {string | undefined} text @param {string} indent */
const comment = (text, indent = '') => (text ? `${indent}/** ${text.trim().replaceAll('\n', ' ')} */\n` : '');

/** @param {Schema} schema @returns {string} */
function type(schema) {
  if (schema.$ref) return identifier(schema.$ref.replace('#/components/schemas/', ''));
  if (schema.anyOf) return [...new Set(schema.anyOf.map(type))].join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array': {
      const inner = type(schema.items ?? {});
      return inner.includes(' ') ? `(${inner})[]` : `${inner}[]`;
    }
    case 'object':
      if (schema.additionalProperties && !schema.properties)
        return `Record<string, ${schema.additionalProperties === true ? 'unknown' : type(schema.additionalProperties)}>`;
      break;
    case undefined:
      if (Object.keys(schema).every((key) => key === 'title' || key === 'description')) return 'unknown';
  }
  throw new Error(`cannot read the schema ${JSON.stringify(schema)}`);
}

/** @param {string} name @param {Schema} schema */
function declaration(name, schema) {
  const head = comment(schema.description);
  if (!schema.properties) return `${head}export type ${identifier(name)} = ${type(schema)};\n`;
  const fields = Object.entries(schema.properties).map(([field, inner]) => {
    const optional = schema.required?.includes(field) ? '' : '?';
    return `${comment(inner.description, '  ')}  ${field}${optional}: ${type(inner)};\n`;
  });
  return `${head}export interface ${identifier(name)} {\n${fields.join('')}}\n`;
}

/** @param {Parameter[]} parameters */
function parameters(parameters) {
  if (!parameters.length) return 'undefined';
  return `{ ${parameters.map(({ name, required, schema }) => `${name}${required ? '' : '?'}: ${type(schema)}`).join('; ')} }`;
}

/** @param {string} method @param {string} path @param {Operation} operation */
function operation(method, path, operation) {
  const given = operation.parameters ?? [];
  const body = operation.requestBody?.content?.['application/json']?.schema;
  const [, answered] = Object.entries(operation.responses).find(([status]) => status.startsWith('2')) ?? [];
  const answer = answered?.content?.['application/json']?.schema;
  return [
    comment(operation.description ?? operation.summary, '  '),
    `  '${method.toUpperCase()} ${path}': {\n`,
    // From the template: routes that resolve a team or site before they are entered declare no parameter for it.
    `    path: ${parameters([...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({ name, in: 'path', required: true, schema: { type: 'string' } })))};\n`,
    `    query: ${parameters(given.filter((parameter) => parameter.in === 'query'))};\n`,
    `    body: ${body ? type(body) : 'undefined'};\n`,
    `    answer: ${answer && Object.keys(answer).length ? type(answer) : 'undefined'};\n`,
    '  };\n',
  ].join('');
}

function generate() {
  /** @type {{ components: { schemas: Record<string, Schema> }, paths: Record<string, Record<string, Operation>> }} */
  const document = JSON.parse(readFileSync(SOURCE, 'utf-8'));
  const schemas = Object.entries(document.components.schemas).filter(([name]) => !SKIPPED.has(name));
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, found]) => operation(method, path, found)),
  );
  return [
    '/** Made from openapi.json by scripts/generate-client.mjs: change the server, not this file. */\n\n',
    schemas.map(([name, schema]) => declaration(name, schema)).join('\n'),
    `\nexport interface Operations {\n${operations.join('')}}\n`,
  ].join('');
}

const wanted = generate();
if (!process.argv.includes('--check')) writeFileSync(TARGET, wanted);
else if (readFileSync(TARGET, 'utf-8') !== wanted) {
  console.error('src/api/schema.ts is not what openapi.json says: run npm run client');
  process.exit(1);
}
