/**
 * The controller's side of the agents' sessions. What one controller runs of it is a stateless worker's: sessions and what
 * they were told live in memory and are made anew by the agents' next Hello, here or at another controller.
 */
import type { Clock, Logger } from '@mini-ecs/shared';
import type { LogSource } from '../api/operation.ts';
import type { Enroller } from '../identity/enroller.ts';
import type { ServerIdentity } from '../identity/server-identity.ts';
import type { Projections } from '../projection/projection.ts';
import type { Store } from '../store/store.ts';
import { AgentGateway } from './agent-gateway.ts';
import { AssignmentPush } from './assignment-push.ts';
import { Leases } from './leases.ts';
import { LogRelay } from './log-relay.ts';
import { every } from './periodic.ts';
import { SessionHost } from './session-host.ts';
import { SessionRegistry } from './session-registry.ts';
import { TaskSpecs } from './task-specs.ts';

export interface DispatchConfig {
  /** Addresses to bind; all to the same port. */
  hosts: string[];
  /** 0: a free one */
  port: number;
  /** ms without a word of an agent, after the last refresh, until its instance counts as lost */
  leaseMs: number;
  heartbeatMs: number;
  /** for the ARNs in task specs */
  region: string;
  accountId: string;
  /** @default 500 */
  sweepPeriodMs?: number;
  /** How long a stream may take until its Hello. @default 5000 */
  helloTimeoutMs?: number;
  /** How often all assignments are compared with what was told. @default 10000 */
  reconsiderPeriodMs?: number;
}

export interface DispatchOptions {
  /** Queues the hints of each command by itself. */
  store: Store;
  projections: Projections;
  clock: Clock;
  log: Logger;
  newUuid: () => string;
  /** What is shown to agents. */
  server: ServerIdentity;
  enroller: Enroller;
  config: DispatchConfig;
}

export interface Dispatch {
  port: number;
  logs: LogSource;
  /** Agents that have a session here. */
  sessions(): number;
  close(): Promise<void>;
}

/** The sessions of one controller, without the server that their streams come in by. */
export interface Sessions {
  host: SessionHost;
  logs: LogSource;
  /** Agents that have a session here. */
  size(): number;
  /** Stops what is done of its own accord; the host, and with it the sessions, is closed by itself. */
  stop(): Promise<void>;
}

type SessionsConfig = Omit<DispatchConfig, 'hosts' | 'port'>;

export function startSessions(
  options: Omit<DispatchOptions, 'server' | 'enroller' | 'config'> & { config: SessionsConfig },
): Sessions {
  const { store, projections, clock, log, newUuid, config } = options;
  const { leaseMs, sweepPeriodMs = 500, helloTimeoutMs = 5_000, reconsiderPeriodMs = 10_000 } = config;
  const sessions = new SessionRegistry();
  const specs = new TaskSpecs({ projections, log, scope: config });
  const push = new AssignmentPush({ projections, sessions, specs, log });
  const host = new SessionHost({
    sessions,
    admission: { store, projections, clock, newUuid, leaseMs },
    context: { store, projections, clock, log, specs, config, schedule: (session) => push.schedule(session) },
    log,
    helloTimeoutMs,
  });
  const leases = new Leases({ store, projections, sessions, log, leaseMs, sweepPeriodMs, controller: newUuid() });
  const slowPass = every(
    reconsiderPeriodMs,
    () => push.reconsiderAll(),
    (error) => log.error({ err: error }, 'Assignments could not be compared.'),
  );
  return {
    host,
    logs: new LogRelay({ projections, newUuid, logsOf: (cluster, instance) => sessions.find(cluster, instance)?.logs }),
    size: () => sessions.size,
    async stop() {
      push.close();
      await Promise.all([leases.stop(), slowPass.stop()]);
    },
  };
}

/** Resolves when agents can connect; rejects when an address cannot be bound. */
export async function startDispatch(options: DispatchOptions): Promise<Dispatch> {
  const { server, enroller, clock, log, config } = options;
  const { hosts, port } = config;
  const sessions = startSessions(options);
  const gateway = new AgentGateway({ host: sessions.host, server, enroller, clock, log });
  const close = async (): Promise<void> => {
    await Promise.all([gateway.close(), sessions.stop()]);
  };
  const boundPort = await gateway.listen(hosts, port).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return { port: boundPort, logs: sessions.logs, sessions: () => sessions.size(), close };
}
