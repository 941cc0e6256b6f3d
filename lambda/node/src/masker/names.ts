/** Names of data: folded to one spelling, and what they stand for. The twin of the server's `privacy/names.py`. */

const MAX_NAME = 200;
const ACCENTS: Record<string, string> = { ß: 'ss' };
[...'àáâãäåçèéêëìíîïñòóôõöùúûüýÿ'].forEach((letter, index) => (ACCENTS[letter] = 'aaaaaaceeeeiiiinooooouuuuyy'[index]!));
const ACCENTED = /[àáâãäåçèéêëìíîïñòóôõöùúûüýÿß]/g;

/** One spelling of a name: lower case, words joined by `_`. */
export const fold = (name: string): string => {
  if (name.length <= MAX_NAME && /^[a-z]+(?:_[a-z0-9]+)*$/.test(name)) return name;
  const short = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME / 2)} ${name.slice(-MAX_NAME / 2)}` : name;
  return short
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(ACCENTED, (letter) => ACCENTS[letter]!)
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
};

/** What names stand for: by words within them, or by the whole name. */
export class Names<T> {
  private readonly words = new Map<string, T>();
  private readonly exact = new Map<string, T>();
  private readonly bare = new Map<string, T>();
  private readonly last = new Set<string>();
  private readonly endings: string[];
  private longest = 1;

  constructor(harmlessEndings: string[]) {
    this.endings = harmlessEndings.map((ending) => `_${fold(ending)}`);
  }

  /** Take names as an export has them: folded, and each with one owner. */
  restore(owner: T, words: string[], exact: string[], bare: string[]): void {
    for (const phrase of words) {
      const parts = phrase.split('_');
      this.longest = Math.max(this.longest, parts.length);
      this.words.set(phrase, owner);
      this.last.add(parts.at(-1)!);
    }
    for (const phrase of words) {
      const joined = phrase.replaceAll('_', '');
      if (!this.words.has(joined)) this.words.set(joined, owner);
    }
    for (const name of exact) this.exact.set(name, owner);
    for (const name of bare) this.bare.set(name, owner);
  }

  /** What a name stands for; `structured` says that it names one value, not a word in running text. */
  find(name: string, structured: boolean): T | undefined {
    const folded = fold(name);
    if (!folded) return undefined;
    const whole = this.exact.get(folded) ?? (structured ? this.bare.get(folded) : undefined);
    if (whole !== undefined) return whole;
    if (this.endings.some((ending) => folded.endsWith(ending))) return undefined;
    const parts = folded.split('_');
    // `password2`, `emails`: numbered or several, but still that.
    return this.within(parts) ?? this.within(parts.map((part) => part.replace(/[0-9]+$|(?<=[a-z]{3})s$/, '')).filter(Boolean));
  }

  whole(name: string): T | undefined {
    const folded = fold(name);
    return this.exact.get(folded) ?? this.bare.get(folded) ?? this.words.get(folded);
  }

  endsPhrase(name: string): boolean {
    return this.last.has(name) || this.last.has(name.toLowerCase());
  }

  inText(): string[] {
    return [...this.words.keys(), ...this.exact.keys()];
  }

  private within(parts: string[]): T | undefined {
    for (let length = Math.min(this.longest, parts.length); length > 0; length -= 1) {
      for (let start = 0; start + length <= parts.length; start += 1) {
        const found = this.words.get(parts.slice(start, start + length).join('_'));
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
}
