/**
 * `plasmd completion bash|zsh|fish`
 *
 * @module
 */

import type { Command } from "@stricli/core";
import { command } from "../command.ts";
import type { Context } from "../context.ts";

/** The shells that have a completion script. */
export type Shell = "bash" | "zsh" | "fish";

/** The command. */
export const completionCommand: Command<Context> = command<Record<never, never>, [Shell]>({
  brief: "Print a completion script for a shell",
  examples: [
    ['eval "$(plasmd completion bash)"', "complete plasmd's commands in this bash"],
    ["plasmd completion fish | source", "the same in fish"],
  ],
  flags: {},
  positional: {
    kind: "tuple",
    parameters: [{
      brief: "bash, zsh or fish",
      placeholder: "SHELL",
      parse: parseShell,
      proposeCompletions: () => Object.keys(completionScripts),
    }],
  },
  run({ ui }, _flags, shell) {
    ui.result(completionScripts[shell]);
    return Promise.resolve();
  },
});

function parseShell(input: string): Shell {
  if (input in completionScripts) return input as Shell;
  throw new SyntaxError(`Unknown shell "${input}": it is bash, zsh or fish`);
}

/**
 * The scripts. Each hands the words before the cursor to `plasmd __complete`, which prints a proposal
 * a line. That of zsh is also a function to be loaded by its name, `_plasmd`.
 */
export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: `_plasmd() {
  local IFS=$'\\n'
  local word="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=($(plasmd __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ $word == -* ]] || COMPREPLY+=($(compgen -f -- "$word"))
}
complete -o filenames -F _plasmd plasmd`,
  zsh: `#compdef plasmd
_plasmd() {
  local -a proposals
  proposals=("\${(@f)$(plasmd __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "\${proposals[1]}" ]] && compadd -- "\${proposals[@]}"
  [[ "\${words[CURRENT]}" == -* ]] || _files
}
if [[ "\${funcstack[1]}" == _plasmd ]]; then _plasmd "$@"; else compdef _plasmd plasmd; fi`,
  fish:
    `complete -c plasmd -a '(plasmd __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
};
