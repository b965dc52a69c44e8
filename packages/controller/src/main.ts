/** The one place where a controller's parts are put together: store, projections, queue and workers, dispatch, API. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newDeploymentId, newId, newUuid, systemClock, type Logger } from '@mini-ecs/shared';
import { openCredentials } from './api/credentials.ts';
import { startApiServer } from './api/server.ts';
import type { ControllerConfig } from './config.ts';
import { startDispatch } from './dispatch/dispatch.ts';
import { warnUnlessDurable } from './embedded-redis/durability.ts';
import { EmbeddedRedis } from './embedded-redis/embedded-redis.ts';
import { openAuthority, type Authority } from './identity/authority.ts';
import { Enroller } from './identity/enroller.ts';
import { openSealer } from './identity/sealed-secrets.ts';
import { ServerIdentity } from './identity/server-identity.ts';
import { isLoopback, serverNames } from './identity/server-names.ts';
import { StoreProjections } from './projection/store-projections.ts';
import { startPasses, workHandler, type ControllerWorkContext } from './queue/controller-work.ts';
import { withHints } from './queue/with-hints.ts';
import { WorkQueue } from './queue/work-queue.ts';
import { redisOptions } from './store/redis-connection.ts';
import { RedisStore } from './store/redis-store.ts';
import { StoreUnavailableError } from './store/store.ts';

export interface RunningController {
  /** Where clients find the API: `http://127.0.0.1:7070`; on other addresses than loopback `https://…` */
  apiUrl: string;
  apiPort: number;
  agentPort: number;
  /** Ends sessions, requests and jobs in good order, each part within a few seconds. What runs on the hosts runs on. */
  close(): Promise<void>;
}

/** How long a Redis that somebody else runs may take to come up. */
const redisPatienceMs = 30_000;
const closingMs = 5_000;

/** Resolves when clients and agents can connect. Rejects with what to do about it where there is something to do. */
export async function startController(config: ControllerConfig, log: Logger): Promise<RunningController> {
  const closing = new ClosingStack(log);
  try {
    return await startParts(config, log, closing);
  } catch (error) {
    await closing.close();
    throw error;
  }
}

async function startParts(config: ControllerConfig, log: Logger, closing: ClosingStack): Promise<RunningController> {
  const clock = systemClock;
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const redisUrl = config.redisUrl ?? (await startEmbeddedRedis(config.dataDir, log, closing));
  const plainStore = await connectStore(redisUrl, log);
  closing.add('store', () => plainStore.close());
  await plainStore.identity();
  if (config.restored) {
    const { epoch } = await plainStore.raiseEpoch();
    log.warn({ epoch }, 'the store was restored: agents that come to it follow no other copy of it any more');
  }
  if (config.redisUrl !== undefined) await warnUnlessDurable(redisOptions(redisUrl), log);

  const queue = new WorkQueue({ redis: redisOptions(redisUrl), log, clock });
  closing.add('queue', () => queue.close());
  const store = withHints(plainStore, queue);
  const projections = await StoreProjections.start({ store, log });
  closing.add('projections', () => projections.close());

  const shared = { store, projections, clock, log };
  const work: ControllerWorkContext = { ...shared, sink: queue, newTaskId: newId, newEventId: newUuid, newSeed };
  queue.work(workHandler(work));
  const passes = startPasses(work);
  closing.add('periodic passes', () => passes.stop());

  const { authority, server, enroller } = await openIdentity(config, shared);
  closing.add('certificate', async () => server.stop());
  const { region, accountId, leaseMs, heartbeatMs } = config;
  const dispatch = await startDispatch({
    ...shared,
    newUuid,
    server,
    enroller,
    config: { hosts: config.agentHosts, port: config.agentPort, leaseMs, heartbeatMs, region, accountId },
  });
  closing.add('dispatch', () => dispatch.close());

  const api = await startApiServer({
    context: { ...shared, newId, newUuid, newDeploymentId },
    host: config.apiHost,
    port: config.apiPort,
    credentials: await openCredentials({ store, dataDir: config.dataDir, bootstrap: config.bootstrapAccessKey }),
    logs: dispatch.logs,
    authority,
    // Whoever can listen on loopback can read the key as well.
    ...(isLoopback(config.apiHost) ? {} : { server }),
    config: { region, accountId },
  });
  closing.add('api', () => api.close());
  log.info({ api: api.url, agents: config.agentHosts.map((host) => `${host}:${dispatch.port}`) }, 'the controller is ready');
  return { apiUrl: api.url, apiPort: api.port, agentPort: dispatch.port, close: () => closing.close() };
}

const newSeed = (): number => Math.trunc(Math.random() * 2 ** 31);

async function startEmbeddedRedis(dataDir: string, log: Logger, closing: ClosingStack): Promise<string> {
  const redis = await EmbeddedRedis.start({ dataDir, log });
  closing.add('redis', () => redis.close());
  return redis.socketPath;
}

async function connectStore(url: string, log: Logger): Promise<RedisStore> {
  const deadline = performance.now() + redisPatienceMs;
  for (;;) {
    try {
      return await RedisStore.connect({ url, log });
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || performance.now() > deadline) throw error;
      log.warn({ err: error }, 'Redis does not answer yet, trying again');
      await pause(500);
    }
  }
}

/** Who this controller is, and how agents get to be somebody. Leaves `ca.pem` for clients that come by TLS. */
async function openIdentity(
  config: ControllerConfig,
  { store, clock, log }: Pick<ControllerWorkContext, 'store' | 'clock' | 'log'>,
): Promise<{ authority: Authority; server: ServerIdentity; enroller: Enroller }> {
  const { dataDir, apiHost, agentHosts, certificateTtlMs } = config;
  const authority = await openAuthority({ store, clock, sealer: await openSealer(dataDir) });
  await leaveAuthority(join(dataDir, 'ca.pem'), authority.certificate);
  const interfaceAddresses = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);
  const names = serverNames({ hosts: [apiHost, ...agentHosts], hostname: hostname(), interfaceAddresses });
  return {
    authority,
    server: await ServerIdentity.start({ authority, names, clock, log }),
    enroller: new Enroller({ store, authority, clock, log, certificateLifetimeMs: certificateTtlMs }),
  };
}

/** Whole at any moment: controllers may share the directory, and clients read it. */
async function leaveAuthority(path: string, certificate: string): Promise<void> {
  const next = `${path}.${newId()}`;
  await writeFile(next, certificate, { mode: 0o644 });
  await rename(next, path);
}

/** Closes in the reverse order of adding; a part that fails or hangs does not keep the others from closing. */
class ClosingStack {
  readonly #parts: { name: string; close: () => Promise<void> }[] = [];
  readonly #log: Logger;
  #closed: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, close: () => Promise<void>): void {
    this.#parts.push({ name, close });
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    for (const part of this.#parts.reverse()) {
      const giveUp = new AbortController();
      const closed = part
        .close()
        .then(() => 'closed')
        .catch((error: unknown) => {
          this.#log.warn({ err: error, part: part.name }, 'a part of the controller did not close well');
          return 'failed';
        });
      const late = pause(closingMs, 'late', { signal: giveUp.signal }).catch(() => 'late');
      if ((await Promise.race([closed, late])) === 'late') {
        this.#log.warn({ part: part.name }, 'a part of the controller did not close in time');
      }
      giveUp.abort();
    }
  }
}
