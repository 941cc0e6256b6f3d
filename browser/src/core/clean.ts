/**
 * The little that is cleaned before it leaves the page: addresses by an allowlist, texts of what shows itself.
 * The server masks everything by its rules, and these lists may only be stricter than they are.
 */

// As url.parameters of the dictionary; a test holds the two together.
const PARAMETERS =
  /^(utm_(source|medium|campaign|content|term|id)|(g|fb|tt|tw|d)clid|msclkid|li_fat_id|[gw]braid|ref|source|page|per_page|limit|offset|sort|order|dir|view|tab|step|lang|locale|currency|category|filter|size|color|theme|format|v|version|variant|quantity|qty)$/;

const MAIL = /[^\s@/?&=<>"'():;,[\]]+(?:@|%40)[^\s@/?&=<>"'():;,[\]]+/gi;
// Card, phone and account numbers: six digits or more, however they are grouped.
const NUMBER = /\+?\d(?:[ .()/-]{0,2}\d){5,}/g;
const STAR = '********';

/** A text without addresses of mail and long numbers. */
export const text = (value: string, most = 1000): string =>
  value.slice(0, most).replace(MAIL, '[email]').replace(NUMBER, STAR);

/** A line of a stack keeps its numbers of line and column. */
export const stack = (value: string): string => {
  const { origin } = location; // it is in every event; its port is no number of a person
  return value
    .slice(0, 16000)
    .replace(/^([^\n]*?)([:\d]*\)?)$/gm, (_, file: string, place: string) => file.split(origin).map((part) => query(text(part))).join(origin) + place);
};

const query = (line: string): string => line.replace(/[?#][^\s):]*/g, '');

const segment = (part: string): string => {
  let plain = part;
  try {
    plain = decodeURIComponent(part);
  } catch {
    // Not percent-encoded after all.
  }
  return plain.includes('@') ? ':email' : /\d{5}/.test(plain) ? ':id' : / /.test(plain) ? ':text' : part;
};

/** An address: origin and path, and of the query what the dictionary keeps readable. */
export const address = (href: string, hash = false): string => {
  try {
    const url = new URL(href, location.href);
    if (!/^(https?|wss?):$/.test(url.protocol)) return url.protocol;
    const path = url.pathname.split('/').map(segment).join('/');
    const kept = [...url.searchParams].filter(([name, value]) => PARAMETERS.test(name) && text(value) === value);
    const asked = new URLSearchParams(kept).toString();
    const rest = hash && /^#!?\//.test(url.hash) ? '#' + url.hash.slice(1).split('?')[0]!.split('/').map(segment).join('/') : '';
    return url.origin + path + (asked && '?' + asked) + rest;
  } catch {
    return '';
  }
};

/** Whether a program's author has written this name: generated ones have digits, and say nothing. */
const isPlain = (name: string): boolean => /^(?!.*\d{3})[a-z][\w-]{0,30}$/i.test(name);

/** What leads to an element, by tags, ids and classes: never by what it shows. */
export const selector = (node: Node | null | undefined): string => {
  const parts: string[] = [];
  let element = node && (node.nodeType === 1 ? (node as Element) : node.parentElement);
  while (element && parts.length < 4) {
    const { id, localName, classList } = element;
    parts.unshift([localName, ...[...classList].filter(isPlain).slice(0, 2)].join('.'));
    if (isPlain(id)) {
      parts[0] = `${localName}#${id}`;
      break;
    }
    element = element.parentElement;
  }
  return parts.join('>');
};
