/**
 * Places that are taken and given back, in all and by one key.
 *
 * @module
 */

/** Places of many. */
export interface Shares {
  /** Takes a place until it is disposed; undefined where there is none left. */
  take(key: string): Disposable | undefined;
}

/** Makes so many places. */
export function makeShares(
  { all, perKey }: { readonly all: number; readonly perKey: number },
): Shares {
  const taken = new Map<string, number>();
  let sum = 0;
  return {
    take(key) {
      const own = taken.get(key) ?? 0;
      if (sum >= all || own >= perKey) return undefined;
      sum++;
      taken.set(key, own + 1);
      let held = true;
      return {
        [Symbol.dispose]() {
          if (!held) return;
          held = false;
          sum--;
          const left = taken.get(key)! - 1;
          if (left === 0) taken.delete(key);
          else taken.set(key, left);
        },
      };
    },
  };
}
