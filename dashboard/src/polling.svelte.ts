/** Asks again every so often while something is under way, and stops when the page goes or nobody looks. */

interface Asked<T> {
  value: T | undefined;
  again: () => Promise<void>;
}

/** Made while a component starts; `needed` reads the value and says whether it still changes by itself. */
export function whileChanging<T>(reading: Asked<T>, needed: (value: T) => boolean, everyMs = 2000): void {
  $effect(() => {
    if (reading.value === undefined || !needed(reading.value)) return;
    const timer = setInterval(() => {
      if (!document.hidden) void reading.again();
    }, everyMs);
    return () => clearInterval(timer);
  });
}
