/**
 * Leases of container instances. The controller that holds a session refreshes its lease, in one command a cluster and
 * round: it runs from when the agent was last heard of; heartbeats themselves write nothing. The sweep judges
 * instances whose lease ran out lost; whether it may judge at all (after a pause of Redis or the controllers) the store decides.
 * Every controller sweeps: the command is atomic, and one that finds nothing writes nothing.
 */
import type { Logger } from '@mini-ecs/shared';
import type { Projections } from '../projection/projection.ts';
import type { Store } from '../store/store.ts';
import type { AgentSession } from './agent-session.ts';
import { every, type Periodic } from './periodic.ts';
import type { SessionRegistry } from './session-registry.ts';

export interface LeaseOptions {
  store: Pick<Store, 'refreshLeases' | 'sweepLeases'>;
  projections: Projections;
  sessions: SessionRegistry;
  log: Logger;
  leaseMs: number;
  sweepPeriodMs: number;
  /** Of this controller: as whose its sessions are held. */
  controller: string;
}

const longestRefreshPeriodMs = 1_000;

export class Leases {
  readonly #options: LeaseOptions;
  readonly #rounds: Periodic[];
  readonly #refreshPeriodMs: number;
  /** Clusters whose sessions the store knows to be held here. */
  readonly #held = new Set<string>();
  #wasJudging = true;

  constructor(options: LeaseOptions) {
    this.#options = options;
    const { leaseMs, sweepPeriodMs, log } = options;
    this.#refreshPeriodMs = Math.min(longestRefreshPeriodMs, leaseMs / 4);
    this.#rounds = [
      every(
        this.#refreshPeriodMs,
        () => this.#refresh(),
        (error) => log.warn({ err: error }, 'Leases could not be refreshed.'),
      ),
      every(
        sweepPeriodMs,
        () => this.#sweep(),
        (error) => log.warn({ err: error }, 'Leases could not be swept.'),
      ),
    ];
  }

  /** Leases are left as they are: agents that come back within them, here or elsewhere, were never gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#rounds.map((round) => round.stop()));
  }

  async #refresh(): Promise<void> {
    const clusters = new Set([...this.#options.sessions.clusters(), ...this.#held]);
    await Promise.all([...clusters].map((cluster) => this.#refreshCluster(cluster)));
  }

  async #refreshCluster(cluster: string): Promise<void> {
    const { store, sessions, leaseMs, controller } = this.#options;
    const now = performance.now();
    const heard = new Map<string, AgentSession>();
    for (const session of sessions.ofCluster(cluster)) {
      if (now - session.lastHeardAt < leaseMs) heard.set(session.instance, session);
    }
    if (heard.size === 0 && !this.#held.has(cluster)) return;
    this.#held.add(cluster);
    const asked = [...heard.values()].map(({ instance, id, lastHeardAt }) => ({
      instance,
      session: id,
      agoMs: Math.max(0, now - lastHeardAt),
    }));
    const { superseded } = await store.refreshLeases({ cluster, leaseMs, controller, sessions: asked });
    if (heard.size === 0) this.#held.delete(cluster);
    await Promise.all(superseded.map(async (instance) => heard.get(instance)?.endAsRefused()));
  }

  async #sweep(): Promise<void> {
    const { projections } = this.#options;
    const loaded = [...projections.peekGlobal().clusterNames].filter(
      (cluster) => projections.peek(cluster)?.cluster?.status === 'ACTIVE',
    );
    const pauses = await Promise.all(loaded.map((cluster) => this.#sweepCluster(cluster)));
    this.#tellPause(Math.max(0, ...pauses));
  }

  async #sweepCluster(cluster: string): Promise<number> {
    const { store, leaseMs, sweepPeriodMs, log } = this.#options;
    const holderSilenceMs = 2 * this.#refreshPeriodMs;
    const { lost, pausedForMs } = await store.sweepLeases({ cluster, leaseMs, periodMs: sweepPeriodMs, holderSilenceMs });
    if (lost.length > 0)
      log.warn({ cluster, instances: lost }, 'Container instances were not heard of for longer than their lease: lost.');
    return pausedForMs;
  }

  #tellPause(pausedForMs: number): void {
    const isJudging = pausedForMs === 0;
    if (isJudging === this.#wasJudging) return;
    this.#wasJudging = isJudging;
    if (isJudging) this.#options.log.info('Container instances are judged again.');
    else this.#options.log.info({ pausedForMs }, 'No container instance is judged lost until all agents had time to come back.');
  }
}
