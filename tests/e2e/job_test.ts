import assert from "node:assert/strict";
import { commandAdapter } from "../support/adapter/adapter.ts";
import { componentOfModule } from "../support/components.ts";
import { executable, executableTools } from "../support/executable.ts";
import { runProgram } from "../support/program.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

const source = `
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) printf("arg %s\\n", argv[i]);
  printf("X=%s HOME=%s\\n", getenv("X"), getenv("HOME") ? "leaked" : "none");
  char line[100];
  FILE *file = fopen("in.txt", "r");
  while (fgets(line, sizeof line, file)) printf("line %s", line);
  fclose(file);
  printf("passwd %s\\n", fopen("/etc/passwd", "r") ? "leaked" : "none");
  file = fopen("out.txt", "w");
  fprintf(file, "abc");
  fclose(file);
  struct stat info;
  stat("out.txt", &info);
  printf("size %d\\n", (int)info.st_size);
  mkdir("d", 0755);
  rename("out.txt", "d/moved");
  symlink("moved", "d/link");
  DIR *directory = opendir("d");
  for (struct dirent *entry; (entry = readdir(directory));) printf("entry %s\\n", entry->d_name);
  closedir(directory);
  printf("rmdir %d\\n", rmdir("d") == -1 && errno == ENOTEMPTY);
  int bytes = 0;
  for (char c; read(0, &c, 1) == 1;) bytes++;
  printf("stdin %d\\n", bytes);
  fprintf(stderr, "to stderr\\n");
  usleep(1000);
  return 33;
}
`;

/** What the program sees and writes. */
const seen = [
  "arg one",
  "arg two",
  "X=1 HOME=none",
  "line a",
  "line b",
  "passwd none",
  "size 3",
  "entry .",
  "entry ..",
  "entry moved",
  "entry link",
  "rmdir 1",
  "stdin 4",
];

Deno.test(
  "a C program runs with arguments, files and its exit code, and sees nothing else",
  needing({ tools: ["clang", "wasm-ld"] }, async () => {
    await using directory = await tempDirectory();
    await Deno.writeTextFile(directory.join("job.c"), source);
    await Deno.writeTextFile(directory.join("in.txt"), "a\nb\n");
    await runTool(
      "clang",
      ...["--target=wasm32-wasi", "--sysroot=/usr", "-O2", directory.join("job.c")],
      ...["-o", directory.join("job.wasm")],
    );
    const { code, stdout, stderr } = await runProgram([
      ...["job", "run", "--env", "X=1", "--file", "in.txt=in.txt", "--stdin", "in.txt"],
      ...["job.wasm", "--", "one", "two"],
    ], { cwd: directory.path });
    assert.equal(code, 33, stderr);
    assert.deepEqual(stdout.trim().split("\n"), seen);
    assert.match(stderr, /to stderr/);
  }),
);

Deno.test(
  "the executable runs a C program that was made a component, from arguments to exit",
  needing({ tools: ["clang", "wasm-ld", ...executableTools] }, async () => {
    await using directory = await tempDirectory();
    await Deno.writeTextFile(directory.join("job.c"), source);
    await Deno.writeTextFile(directory.join("in.txt"), "a\nb\n");
    await runTool(
      "clang",
      ...["--target=wasm32-wasi", "--sysroot=/usr", "-O2", directory.join("job.c")],
      ...["-o", directory.join("job.wasm")],
    );
    const module = await Deno.readFile(directory.join("job.wasm"));
    const component = await componentOfModule(module, await commandAdapter());
    await Deno.writeFile(directory.join("component.wasm"), component);
    const { code, stdout, stderr } = await new Deno.Command(await executable(), {
      args: [
        ...["job", "run", "--env", "X=1", "--file", "in.txt=in.txt", "--stdin", "in.txt"],
        ...["component.wasm", "--", "one", "two"],
      ],
      cwd: directory.path,
    }).output();
    const text = new TextDecoder();
    // The adapter knows success and failure only: what is not 0 becomes 1.
    assert.equal(code, 1, text.decode(stderr));
    assert.deepEqual(text.decode(stdout).trim().split("\n"), seen);
    assert.match(text.decode(stderr), /to stderr/);
  }),
);
