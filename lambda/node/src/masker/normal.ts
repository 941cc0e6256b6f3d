/** Normal forms: a text as a reader, a browser or a decoder further on would understand it. Twin of `normal.py`. */

const ROUNDS = 3;
const ASCII = /^[\0-\x7f]*$/;
const HINT = /%[0-9A-Fa-f]{2}|\\[ux/"'nrt\\]|&#?[A-Za-z0-9]{1,31};|[0-9]\t(?![A-Za-z_][A-Za-z_ ]{0,31}[:=])/;
const INVISIBLE =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]/g;
const DASHES = /[\u2010-\u2015\u2043\u2212\u2e3a\u2e3b\ufe58\ufe63\uff0d\u30fc]/g;
const BLANKS = /[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const DOTS = /[\u3002\uff0e\uff61\u2024\u00b7]/g;
// The named entities that stand for what an address, a number or a secret is made of.
const ENTITIES: Record<string, string> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', commat: '@', period: '.', lowbar: '_', hyphen: '\u2010',
  dash: '\u2010', num: '#', colon: ':', sol: '/', bsol: '\\', lpar: '(', rpar: ')', lsqb: '[', rsqb: ']', lbrack: '[',
  rbrack: ']', equals: '=', percnt: '%', dollar: '$', excl: '!', ast: '*', comma: ',', semi: ';', quest: '?', plus: '+',
  Tab: '\t', NewLine: '\n', shy: '\u00ad', zwj: '\u200d', zwnj: '\u200c', ensp: '\u2002', emsp: '\u2003', thinsp: '\u2009',
  lcub: '{', rcub: '}', verbar: '|', vert: '|', Hat: '^', grave: '`', minus: '\u2212', ndash: '\u2013', mdash: '\u2014',
  middot: '\u00b7', UnderBar: '_', lbrace: '{', rbrace: '}', AMP: '&', LT: '<', GT: '>', QUOT: '"', auml: 'ä', ouml: 'ö',
  uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é', egrave: 'è', agrave: 'à', ccedil: 'ç', ntilde: 'ñ',
}; // prettier-ignore

export const isAscii = (text: string): boolean => ASCII.test(text);

/** The normal form of a text; the text itself where there is nothing to undo. */
export const normal = (text: string): string => {
  if (isAscii(text) && !HINT.test(text)) return text;
  let form = text;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = form;
    form = once(form);
    if (form === before) break;
  }
  return form;
};

const once = (given: string): string => {
  let text = given;
  if (text.includes('%')) text = text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf-8'));
  if (text.includes('\\')) {
    text = text.replace(/\\(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([/"'nrt\\]))/g, (_, four, braced, two, sign: string) => {
      const code = (four ?? braced ?? two) as string | undefined;
      if (code === undefined) return ({ n: '\n', r: '\r', t: '\t' } as Record<string, string>)[sign] ?? sign;
      const point = parseInt(code, 16);
      return point < 0x110000 && !(point >= 0xd800 && point < 0xe000) ? String.fromCodePoint(point) : '\ufffd';
    });
  }
  if (text.includes('&')) text = text.replace(/&(#?[A-Za-z0-9]{1,31});/g, (whole, name: string) => entity(name) ?? whole);
  if (!isAscii(text)) {
    text = text.replace(INVISIBLE, '').replace(DOTS, '.').replace(DASHES, '-').replace(BLANKS, ' ');
    return text.normalize('NFKC').replace(/(?![0-9])\p{Nd}/gu, decimal);
  }
  return text.replaceAll('\t', ' ');
};

const entity = (name: string): string | undefined => {
  if (!name.startsWith('#')) return ENTITIES[name];
  const point = /^#[xX]/.test(name) ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
  if (Number.isNaN(point)) return undefined;
  return point > 0 && point < 0x110000 && !(point >= 0xd800 && point < 0xe000) ? String.fromCodePoint(point) : '\ufffd';
};

/** Decimal digits of other scripts stand in rows of ten. */
const decimal = (digit: string): string => {
  const point = digit.codePointAt(0)!;
  let start = point;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start -= 1;
  return String((point - start) % 10);
};
