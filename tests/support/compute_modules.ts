/**
 * Programs that do nothing but compute, in C, for WebAssembly.
 *
 * @module
 */

import { runTool } from "./tools.ts";

/** SHA-256 of as many MiB as the first argument says, each the bytes 0, 7, 14 … modulo 256. */
const sha256 = `
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static uint32_t k[64], h[8];
static uint8_t data[1 << 20];
static uint32_t part(double root) { return (uint32_t)((root - floor(root)) * 4294967296.0); }
static void constants(void) {
  int found = 0;
  for (int n = 2; found < 64; n++) {
    int prime = 1;
    for (int d = 2; d * d <= n; d++) if (n % d == 0) prime = 0;
    if (!prime) continue;
    if (found < 8) h[found] = part(sqrt(n));
    k[found++] = part(cbrt(n));
  }
}
#define R(x, n) ((x) >> (n) | (x) << (32 - (n)))
static void block(const uint8_t *p) {
  uint32_t w[64], s[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)p[4*i] << 24 | p[4*i+1] << 16 | p[4*i+2] << 8 | p[4*i+3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i-16] + w[i-7] + (R(w[i-15],7) ^ R(w[i-15],18) ^ w[i-15] >> 3) +
           (R(w[i-2],17) ^ R(w[i-2],19) ^ w[i-2] >> 10);
  memcpy(s, h, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t a = s[7] + (R(s[4],6) ^ R(s[4],11) ^ R(s[4],25)) +
                 ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
    uint32_t b = (R(s[0],2) ^ R(s[0],13) ^ R(s[0],22)) +
                 ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 28);
    s[4] += a;
    s[0] = a + b;
  }
  for (int i = 0; i < 8; i++) h[i] += s[i];
}
int main(int argc, char **argv) {
  int mib = argc > 1 ? atoi(argv[1]) : 1;
  constants();
  for (int i = 0; i < 1 << 20; i++) data[i] = (uint8_t)(i * 7);
  for (int i = 0; i < mib; i++) for (int at = 0; at < 1 << 20; at += 64) block(data + at);
  uint8_t last[64] = {0x80};
  uint64_t bits = (uint64_t)mib << 23;
  for (int i = 0; i < 8; i++) last[56 + i] = (uint8_t)(bits >> (56 - 8 * i));
  block(last);
  for (int i = 0; i < 8; i++) printf("%08x", h[i]);
  puts("");
}
`;

/** The points of the Mandelbrot set in a square of as many steps as the first argument says. */
const mandelbrot = `
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
  int steps = argc > 1 ? atoi(argv[1]) : 100;
  long inside = 0;
  for (int y = 0; y < steps; y++) for (int x = 0; x < steps; x++) {
    double cr = 3.0 * x / steps - 2.0, ci = 3.0 * y / steps - 1.5, zr = 0, zi = 0;
    int i = 0;
    for (; i < 200 && zr * zr + zi * zi < 4; i++) {
      double next = zr * zr - zi * zi + cr;
      zi = 2 * zr * zi + ci;
      zr = next;
    }
    inside += i == 200;
  }
  printf("%ld\\n", inside);
}
`;

/** What it takes to build them. */
export const computeTools: readonly string[] = ["clang", "wasm-ld"];

/** The programs by name. */
export const computePrograms = { sha256, mandelbrot } as const;

/** Builds one of them in a directory; returns the module's file. */
export async function buildCompute(
  name: keyof typeof computePrograms,
  directory: string,
): Promise<string> {
  const [source, module] = [`${directory}/${name}.c`, `${directory}/${name}.wasm`];
  await Deno.writeTextFile(source, computePrograms[name]);
  const target = ["--target=wasm32-wasi", "--sysroot=/usr", "-O2"];
  await runTool("clang", ...target, source, "-o", module);
  return module;
}
