/**
 * Servers of Debian to compare with: each one process in the foreground, everything of it in one
 * directory.
 *
 * @module
 */

import { missingTools, runTool } from "../tools.ts";

/** A server under measurement. */
export interface Subject {
  readonly name: string;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly pid: number;
}

/** nginx with sendfile, or undefined where it isn't installed. */
export async function startNginx(
  home: string,
  root: string,
): Promise<(Subject & AsyncDisposable) | undefined> {
  if (missingTools(["nginx"]).length > 0) return undefined;
  const port = freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${home}/nginx-${name};`).join(" ");
  const user = Deno.uid() === 0 ? "user root; " : "";
  await Deno.writeTextFile(
    `${home}/nginx.conf`,
    `${user}daemon off; master_process off; pid ${home}/nginx.pid;
error_log ${home}/nginx.log; events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; ${temporary}
server { listen 127.0.0.1:${port}; root ${root}; } }`,
  );
  return await started("nginx", port, ["-c", `${home}/nginx.conf`, "-e", `${home}/nginx.log`]);
}

/** lighttpd, or undefined where it isn't installed. */
export async function startLighttpd(
  home: string,
  root: string,
): Promise<(Subject & AsyncDisposable) | undefined> {
  if (missingTools(["lighttpd"]).length > 0) return undefined;
  const port = freePort();
  await Deno.writeTextFile(
    `${home}/lighttpd.conf`,
    `server.document-root = "${root}"
server.port = ${port}
server.bind = "127.0.0.1"
server.max-keep-alive-requests = 60000
server.max-connections = 1024
`,
  );
  return await started("lighttpd", port, ["-D", "-f", `${home}/lighttpd.conf`]);
}

async function started(
  name: string,
  port: number,
  args: readonly string[],
): Promise<Subject & AsyncDisposable> {
  const process = new Deno.Command(name, {
    args: [...args],
    env: { PATH: `${Deno.env.get("PATH")}:/usr/sbin` },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    process.kill("SIGTERM");
    await process.status;
  };
  try {
    const again = ["--retry", "50", "--retry-connrefused", "--retry-delay", "0"];
    await runTool("curl", "-s", "-o", "/dev/null", "--retry-max-time", "10", ...again, origin);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { name, origin, pid: process.pid, [Symbol.asyncDispose]: stop };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
