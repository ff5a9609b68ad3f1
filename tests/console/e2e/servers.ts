import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../..");
const built = join(process.env["CARGO_TARGET_DIR"] ?? join(root, "target"), "debug");
/** The first start of functions in Python installs what they need. */
const PATIENCE = 240_000;

/** A server, and the folder that it works in. */
export class Site {
  constructor(
    readonly url: string,
    readonly folder: string,
    private readonly processes: ChildProcess[],
  ) {}

  /** Asks the API, and expects it to agree. */
  async api(method: string, path: string, body?: unknown): Promise<any> {
    const headers: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const text = body === undefined ? null : JSON.stringify(body);
    const answer = await fetch(`${this.url}${path}`, { method, headers, body: text });
    const told = await answer.text();
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${told}`);
    }
    return told === "" ? undefined : JSON.parse(told);
  }

  /** Starts an instance. */
  async start(workflow: string, input: unknown, more: Record<string, unknown> = {}): Promise<string> {
    const started = await this.api("POST", `/api/v1/workflows/${workflow}/instances`, { input, ...more });
    return started.id;
  }

  /** Waits for an instance's end. */
  async end(id: string): Promise<any> {
    return await this.api("GET", `/api/v1/instances/${encodeURIComponent(id)}/wait?waitFor=end&timeout=60`);
  }

  async stop(): Promise<void> {
    for (const process of this.processes) {
      if (process.exitCode === null) {
        process.kill("SIGTERM");
        await once(process, "exit");
      }
    }
    // What a function was being installed by may still be about to end.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function until(url: string, process: ChildProcess, said: () => string): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    try {
      if ((await fetch(url)).ok) {
        return;
      }
    } catch {
      // not yet
    }
    if (process.exitCode !== null || Date.now() > deadline) {
      throw new Error(`${url} does not answer:\n${said()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function run(program: string, args: string[], env: Record<string, string>, input: "ignore" | "pipe" = "ignore") {
  const child = spawn(join(built, program), args, {
    cwd: root,
    env: { ...process.env, RUST_LOG: "warn", ...env },
    stdio: [input, "pipe", "pipe"],
  });
  let text = "";
  child.stdout?.on("data", (part) => (text += part));
  child.stderr?.on("data", (part) => (text += part));
  return { child, said: () => text };
}

/** The transaction example in a folder of its own, so that its functions can be broken. */
export async function transaction(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "partita-console-"));
  // Functions run as other users, who must be able to enter it.
  await chmod(folder, 0o755);
  await cp(join(root, "examples/transaction"), join(folder, "app"), {
    recursive: true,
    filter: (path) => !path.includes(".partita"),
  });
  const url = `http://127.0.0.1:${await freePort()}`;
  const { port } = new URL(url);
  const { child, said } = run("partita", ["dev", join(folder, "app"), "--port", port], {});
  await until(`${url}/readyz`, child, said);
  return new Site(url, folder, [child]);
}

/** The order example: its shop, whose payment provider keeps silent, and the service. */
export async function order(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "partita-console-"));
  const [shopUrl, url] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const shop = run("order-shop", [], { SHOP_LISTEN: new URL(shopUrl).host });
  await until(`${shopUrl}/livez`, shop.child, shop.said);
  const behaviour = ["cart", "users", "warehouse", "shipping", "pricing"].map((service) => ({ service, delayMs: 400 }));
  for (const one of [...behaviour, { service: "payment", silent: true }]) {
    const headers = { "content-type": "application/json" };
    await fetch(`${shopUrl}/admin/behave`, { method: "POST", headers, body: JSON.stringify(one) });
  }
  const urls = ["CART", "USERS", "WAREHOUSE", "SHIPPING", "PRICING", "PAYMENT"].map((name) => [`${name}_URL`, shopUrl]);
  const service = run("order-service", [], {
    PARTITA_LISTEN: new URL(url).host,
    PARTITA_DATA_DIR: join(folder, "data"),
    ...Object.fromEntries(urls),
  });
  await until(`${url}/readyz`, service.child, service.said);
  return new Site(url, folder, [service.child, shop.child]);
}

/** A server with something of everything, in memory. */
export async function fixture(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "partita-console-"));
  const { child, said } = run("console-fixture", [], {}, "pipe");
  const deadline = Date.now() + PATIENCE;
  while (!said().includes("\n")) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`the fixture does not start:\n${said()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const url = said().split("\n")[0] ?? "";
  await until(`${url}/readyz`, child, said);
  return new Site(url, folder, [child]);
}
