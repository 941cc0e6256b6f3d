/**
 * How hard a new password is to guess, roughly: enough to advise while typing. The server decides what it takes.
 */

export type Level = 0 | 1 | 2 | 3 | 4;
export type Advice = 'longer' | 'repeats' | 'personal' | 'common';

const SHORT = 10;
const COMMON = /^(password|passwort|qwerty|azerty|letmein|welcome|admin|iloveyou|monkey|dragon|abc)[\d!?.@#$*-]*$/i;
// Bits of work for somebody who can try 10^10 a second: an hour, a month, a few centuries.
const STEPS = [38, 52, 66] as const;

export function strength(password: string, about: readonly string[]): { level: Level; advice: Advice | null } {
  const folded = password.toLowerCase();
  if (about.some((word) => parts(word).some((part) => folded.includes(part)))) return { level: 1, advice: 'personal' };
  if (COMMON.test(password)) return { level: 1, advice: 'common' };
  const bits = distinct(password) * Math.log2(alphabet(password));
  const level = (1 + STEPS.filter((step) => bits >= step).length) as Level;
  if (password.length < SHORT) return { level: 1, advice: 'longer' };
  if (distinct(password) < password.length * 0.5) return { level: Math.min(level, 2) as Level, advice: 'repeats' };
  return { level, advice: level < 3 ? 'longer' : null };
}

const parts = (word: string): string[] => word.toLowerCase().split(/[@\s]/).filter((part) => part.length >= 4);

/** Characters that are no repeat of, and no step from, the one before. */
function distinct(password: string): number {
  const codes = [...password].map((character) => character.codePointAt(0) ?? 0);
  const news = codes.filter((code, at) => at === 0 || Math.abs(code - (codes[at - 1] ?? 0)) > 1).length;
  return Math.min(news, new Set(codes).size * 2);
}

/** How many characters somebody would have to try for each place; a word is worth less than noise of its letters. */
function alphabet(password: string): number {
  const kinds: readonly [RegExp, number][] = [[/[a-z]/, 12], [/[A-Z]/, 12], [/\d/, 10], [/[^a-zA-Z\d]/, 20]];
  return kinds.reduce((sum, [kind, size]) => sum + (kind.test(password) ? size : 0), 0);
}
