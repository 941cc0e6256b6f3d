/** The rules, made from an export of the dictionary: what the maskers ask of them. Twin of the Python library's. */

import { fold, Names } from './names.ts';
import { Scanner } from './scanner.ts';

export interface Field {
  number: number;
  name: string;
  tier: number;
  never_unmask?: boolean;
  keys?: string[];
  parameters?: string[];
  headers?: string[];
  patterns?: string[];
}

/** A shape that is recognised in text; the server's `entries.Detector` says what each part means. */
export interface Detector {
  name: string;
  field: string;
  pattern: string;
  fold_case?: boolean;
  contains?: string[];
  digits?: string[];
  at_least?: number;
  tokens?: string[];
  prefixes?: string[];
  words?: string[];
  colons?: number;
  before?: string;
  after?: string;
  left?: string;
  left_optional?: boolean;
  checks?: string[];
  context?: string[];
  context_after?: string[];
  reach?: number;
  group?: number;
  fit?: string;
  rescan?: boolean;
}

export interface Export {
  format: number;
  consumer: string;
  version: string;
  names: { harmless_endings?: string[] | null; containers?: string[] | null };
  url: { parameters?: string[] | null; owners?: string[] | null; places?: string[] | null };
  headers: { allowed?: string[] | null };
  fields: Field[];
  detectors: Detector[];
  tables: { card_ranges: [number, number, number[]][]; iban_lengths: Record<string, number> };
  unmask_keys: string[];
  unmask_parameters: string[];
  front: { names: Record<string, [number, string, string, string]> };
}

export const STAR = '********';

/** A bounded memory: when it is full it is begun anew. */
export class Memo<V> {
  private readonly held = new Map<string, V>();
  private readonly size: number;

  constructor(size = 4096) {
    this.size = size;
  }

  get(key: string): V | undefined {
    return this.held.get(key);
  }

  put(key: string, value: V): V {
    if (this.held.size >= this.size) this.held.clear();
    this.held.set(key, value);
    return value;
  }
}

const strength = (field: Field): number => (field.never_unmask ? 10 : 0) + field.tier;
export const stronger = (a: Field, b: Field): boolean => strength(a) > strength(b);
export const tag = (field: Field): string => `[${field.name}]`;
export const words = (text: string): string[] => (text ? text.split(' ') : []);

export class Rules {
  readonly version: string;
  readonly scanner: Scanner;
  readonly owners: Set<string>;
  readonly places: Set<string>;
  readonly tables: Export['tables'];
  readonly anyWordAnnounces: boolean;
  readonly memo = new Memo<string>();
  private readonly names: Names<Field>;
  private readonly byName: Map<string, Field>;
  private readonly patterns: [RegExp, Field][];
  private readonly keys: Map<string, Field>;
  private readonly parameters: Map<string, Field>;
  private readonly headers = new Map<string, Field>();
  private readonly headersAllowed: Set<string>;
  private readonly containers: Set<string>;
  private readonly kept: Set<string>;
  private readonly unmasked: Set<string>;
  private readonly found = new Memo<{ field: Field | undefined }>();

  constructor(from: Export) {
    if (from.format !== 1 || from.consumer !== 'lambda') throw new Error('this is no export of `sightline privacy rules export --for lambda`');
    this.version = from.version;
    this.tables = from.tables;
    this.byName = new Map(from.fields.map((field) => [field.name, field]));
    this.names = new Names(from.names.harmless_endings ?? []);
    for (const [name, [, within, exact, bare]] of Object.entries(from.front.names)) {
      this.names.restore(this.byName.get(name)!, words(within), words(exact), words(bare));
    }
    this.patterns = from.fields.flatMap((field) => (field.patterns ?? []).map((pattern): [RegExp, Field] => [new RegExp(pattern, 'u'), field]));
    this.anyWordAnnounces = this.patterns.length > 0;
    this.keys = new Map(from.fields.flatMap((field) => (field.keys ?? []).map((key): [string, Field] => [fold(key), field])));
    this.parameters = new Map(from.fields.flatMap((field) => (field.parameters ?? []).map((key): [string, Field] => [fold(key), field])));
    for (const field of from.fields) {
      for (const name of field.headers ?? []) {
        const held = this.headers.get(name.toLowerCase());
        if (!held || stronger(field, held)) this.headers.set(name.toLowerCase(), field);
      }
    }
    this.headersAllowed = new Set((from.headers.allowed ?? []).map((name) => name.toLowerCase()));
    this.containers = new Set((from.names.containers ?? []).map(fold));
    this.kept = new Set([...(from.url.parameters ?? []), ...from.unmask_parameters].map(fold));
    this.owners = new Set(from.url.owners ?? []);
    this.places = new Set(from.url.places ?? []);
    this.unmasked = new Set(from.unmask_keys.map((key) => key.toLowerCase()));
    this.scanner = new Scanner(from.detectors, this.byName, this.names.inText(), this.tables);
  }

  field(name: string): Field {
    return this.byName.get(name)!;
  }

  /** What the value under a JSON key is; `parent` is the key of the object that holds it. */
  fieldOfKey(key: string, parent = ''): Field | undefined {
    if (this.unmasked.size && (this.unmasked.has(key.toLowerCase()) || this.unmasked.has(`${parent}.${key}`.toLowerCase()))) return undefined;
    const found = (this.keys.size ? this.keys.get(fold(key)) : undefined) ?? this.find(key, true);
    return found ?? (parent && this.isContainer(parent) ? this.find(`${parent}_${key}`, false) : undefined);
  }

  fieldOfParameter(name: string): Field | undefined {
    return (this.parameters.size ? this.parameters.get(fold(name)) : undefined) ?? this.find(name, true);
  }

  fieldOfWord(word: string): Field | undefined {
    return this.find(word, false);
  }

  fieldOfPhrase(phrase: string): Field | undefined {
    return this.names.whole(phrase);
  }

  endsPhrase(word: string): boolean {
    return this.names.endsPhrase(word);
  }

  headerAllowed(name: string): boolean {
    return this.headersAllowed.has(name.trim().toLowerCase());
  }

  parameterAllowed(name: string): boolean {
    return this.kept.has(fold(name));
  }

  isContainer(key: string): boolean {
    return this.containers.has(fold(key));
  }

  private find(name: string, structured: boolean): Field | undefined {
    const key = `${structured ? '+' : '-'}${name}`;
    const known = this.found.get(key);
    if (known) return known.field;
    let field = this.names.find(name, structured);
    if (!field && this.patterns.length) {
      const folded = fold(name);
      field = this.patterns.find(([pattern]) => pattern.test(folded))?.[1];
    }
    if (name.length <= 100) this.found.put(key, { field });
    return field;
  }
}
