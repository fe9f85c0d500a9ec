/**
 * `plasmd config show`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import type { Config } from "../../config/resolve.ts";
import { settings } from "../../config/settings.ts";
import { durationText, escapeControls } from "../../lib/text.ts";
import { columns } from "../columns.ts";
import { command, jsonFlag, textFlag } from "../command.ts";
import type { Context } from "../context.ts";

/** The command. */
export const configShowCommand: Command<Context> = command<{ config?: string; json: boolean }>({
  brief: "Print every setting, and where its value came from",
  examples: [
    ["plasmd config show", "what serve would use here"],
    ["plasmd config show --config ./provider.toml --json", "the same for programs"],
  ],
  flags: { config: textFlag("This file instead of the usual one", "FILE"), json: jsonFlag },
  async run({ ui }, { config: file, json }) {
    const { loadConfig } = await import("../../config/load.ts");
    const config = await loadConfig({ config: file, env: (name) => Deno.env.get(name) });
    if (json) ui.json(report(config));
    else for (const line of lines(config)) ui.result(line);
  },
});

function report({ values, origins, channels, file }: Config) {
  const settings = Object.entries(values).map(([key, value]) => ({
    key,
    value: value ?? null,
    from: origins[key]!.from,
    name: origins[key]!.name,
  }));
  return { file: file ?? null, settings, channels };
}

function lines({ values, origins, channels, file }: Config): string[] {
  const rows = Object.entries(values).map(([key, value]) => {
    const { from, name } = origins[key]!;
    return [
      key,
      isTime(key) ? durationText(value as number) : shown(value),
      from === "default" ? "default" : `${from} ${name}`,
    ];
  });
  const ofChannels = channels.flatMap(({ name, ...channel }) =>
    Object.entries(channel).filter(([, value]) => value !== undefined).map(([key, value]) => [
      `provider.channels.${name}.${key}`,
      shown(value),
      `file ${file}`,
    ])
  );
  return columns([...rows, ...ofChannels]);
}

function isTime(key: string): boolean {
  return settings.some((setting) => setting.key === key && setting.time);
}

function shown(value: unknown): string {
  return value === undefined ? "-" : escapeControls(JSON.stringify(value));
}
