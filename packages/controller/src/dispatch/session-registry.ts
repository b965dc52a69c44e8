import type { AgentSession } from './agent-session.ts';

/** The sessions of this controller, by cluster and container instance: one an instance, the newest. */
export class SessionRegistry {
  readonly #clusters = new Map<string, Map<string, AgentSession>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The session whose place it took. */
  add(session: AgentSession): AgentSession | undefined {
    const sessions = this.#clusters.get(session.cluster) ?? new Map<string, AgentSession>();
    this.#clusters.set(session.cluster, sessions);
    const previous = sessions.get(session.instance);
    sessions.set(session.instance, session);
    if (!previous) this.#size += 1;
    return previous;
  }

  remove(session: AgentSession): void {
    const sessions = this.#clusters.get(session.cluster);
    if (sessions?.get(session.instance) !== session) return;
    sessions.delete(session.instance);
    this.#size -= 1;
    if (sessions.size === 0) this.#clusters.delete(session.cluster);
  }

  find(cluster: string, instance: string): AgentSession | undefined {
    return this.#clusters.get(cluster)?.get(instance);
  }

  clusters(): string[] {
    return [...this.#clusters.keys()];
  }

  ofCluster(cluster: string): AgentSession[] {
    return [...(this.#clusters.get(cluster)?.values() ?? [])];
  }

  all(): AgentSession[] {
    return this.clusters().flatMap((cluster) => this.ofCluster(cluster));
  }
}
