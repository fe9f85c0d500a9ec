/**
 * A job that looks for what is not its own: files, variables, sockets and descriptors of the worker.
 *
 * @module
 */

import assert from "node:assert/strict";
import { hostileScene, small, whileHealthy } from "../support/hostile_scene.ts";
import { tempDirectory } from "../support/temp.ts";
import { needing, runTool } from "../support/tools.ts";

const isLinux = Deno.build.os === "linux";

const nosy = `
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
extern char **environ;
__attribute__((import_module("wasi_snapshot_preview1"), import_name("sock_shutdown")))
int raw_sock_shutdown(int, int);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("sock_accept")))
int raw_sock_accept(int, int, void *);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("clock_time_get")))
int raw_clock(int, long long, void *);
int main(void) {
  const char *paths[] = {"/etc/passwd", "../../../etc/passwd", "/proc/self/environ", "/dev/zero",
                         "etc/passwd/../../../etc/shadow"};
  for (int i = 0; i < 5; i++) if (open(paths[i], O_RDONLY) >= 0) printf("leaked %s\\n", paths[i]);
  symlink("/etc/passwd", "link");
  if (open("link", O_RDONLY) >= 0) puts("leaked by a link");
  int variables = 0;
  for (char **at = environ; *at; at++) variables++;
  char fd[8];
  long long when;
  printf("variables %d\\n", variables);
  printf("sockets %d %d\\n", raw_sock_shutdown(3, 3) != 0, raw_sock_accept(3, 0, fd) != 0);
  printf("clocks %d %d\\n", raw_clock(99, 0, &when) != 0, raw_clock(1, -1, &when));
  printf("other descriptors %d\\n", write(7, "x", 1) == -1 && errno == EBADF);
  fflush(stdout);
  for (int i = 0; i < 1000000; i++) raw_clock(i % 2, 1, &when);
  struct timespec long_time = {1 << 30, 0};
  for (;;) nanosleep(&long_time, NULL);
}
`;

Deno.test({
  name:
    "a nosy job finds no file, variable or socket of the worker, and sleeps no longer than it may",
  ignore: !isLinux,
  fn: needing({ tools: ["clang", "wasm-ld"] }, async () => {
    await using directory = await tempDirectory();
    await Deno.writeTextFile(directory.join("nosy.c"), nosy);
    await runTool(
      "clang",
      ...["--target=wasm32-wasi", "--sysroot=/usr", "-O2", directory.join("nosy.c")],
      ...["-o", directory.join("nosy.wasm")],
    );
    const module = await Deno.readFile(directory.join("nosy.wasm"));
    await using scene = await hostileScene();
    const { worker } = scene;
    const job = await whileHealthy(worker, "a nosy job", async () => {
      const job = await worker.send(module, { limits: small });
      const { completion, exit_code } = await job.ended();
      assert.deepEqual([completion, exit_code], ["timeout", 124]);
      return job;
    });
    assert.deepEqual((await job.output()).trim().split("\n"), [
      "variables 0",
      "sockets 1 1",
      "clocks 1 0",
      "other descriptors 1",
    ]);
    await scene.settled();
  }),
});
