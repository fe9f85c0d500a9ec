/**
 * A progress bar on stderr, where that is a terminal.
 *
 * @module
 */

import type { Clock } from "../lib/clock.ts";
import { bytesText, durationText } from "../lib/text.ts";
import type { Ui } from "./ui.ts";

/** A bar for work that is counted in bytes. Disposing it clears the line. */
export interface Progress extends Disposable {
  /** Says how far the work is, in bytes of all; `label` names what is worked on. */
  update(done: number, total: number, label?: string): void;
}

const redrawMs = 100;

/** Makes a bar; it draws nothing when quiet or where stderr is no terminal. */
export function makeProgress(ui: Ui, clock: Clock, verb: string): Progress {
  if (ui.quiet || !ui.terminal.interactive) return { update() {}, [Symbol.dispose]() {} };
  const start = clock.steady();
  let first: number | undefined;
  let drawn = -Infinity;
  return {
    update(done, total, label = "") {
      const now = clock.steady();
      first ??= done;
      if (now - drawn < redrawMs && done < total) return;
      drawn = now;
      const rate = (done - first) / Math.max(0.001, (now - start) / 1000);
      ui.terminal.stderr(`\r${barLine(verb, label, done, total, rate, ui.terminal.columns)}\x1b[K`);
    },
    [Symbol.dispose]: () => drawn > -Infinity && ui.terminal.stderr("\r\x1b[K"),
  };
}

/** One line of a bar, never wider than the terminal. `rate` is in bytes a second. */
export function barLine(
  verb: string,
  label: string,
  done: number,
  total: number,
  rate: number,
  width: number,
): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const left = rate > 0 && done < total ? ` ${durationText((total - done) / rate * 1000)}` : "";
  const head = `${verb}${label === "" ? "" : ` ${label}`} `;
  const tail = ` ${String(Math.floor(share * 100)).padStart(3)}% ${bytesText(done)}/${
    bytesText(total)
  } ${bytesText(rate)}/s${left}`;
  const cells = Math.min(40, width - head.length - tail.length - 3);
  if (cells < 5) return `${head}${tail.trim()}`.slice(0, Math.max(0, width - 1));
  const full = Math.round(share * cells);
  return `${head}[${"#".repeat(full)}${".".repeat(cells - full)}]${tail}`;
}
