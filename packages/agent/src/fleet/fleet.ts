/**
 * Many agents in one process, each whole but for its container engine, which is simulated: a cluster of thousands of
 * container instances for benchmarks and for trying things out. Every agent has a session, and so a connection, of its own,
 * as hosts have; what they share is the process, its timers and its log.
 */
import type { Logger } from '@mini-ecs/shared';
import { startAgent, type Agent } from '../agent.ts';
import type { AgentConfig } from '../config.ts';
import { MemoryCertificateStore } from '../credentials/agent-certificate.ts';
import type { SimulatedBehaviour } from '../runtime/simulated-behaviour.ts';
import { SimulatedRuntime } from '../runtime/simulated-runtime.ts';
import type { OpenStream } from '../session/agent-stream.ts';
import { MemoryStateStore } from '../state/memory-state-store.ts';

export interface FleetOptions {
  instances: number;
  /** Of each agent, but for its name, address and zone. */
  agent: AgentConfig;
  /** Instances are dealt out over so many zones: `<region>a`, `<region>b`, … */
  zones: number;
  region: string;
  /** What every container does. */
  behaviour: SimulatedBehaviour;
  log: Logger;
}

export interface Fleet {
  /** Agents that a controller has welcomed and not left since. */
  sessions(): number;
  /** Says farewell everywhere. */
  stop(): Promise<void>;
}

/** Agents that may be on their way to their first session; a burst of thousands would time out in the controller's queue. */
const joiningAtOnce = 100;
const joinTimeoutMs = 10_000;

/** Resolves when every agent has been started and has, or long had the chance to have, a session. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const agents: Agent[] = [];
  const open = new Set<number>();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < options.instances) {
      const number = next++;
      await join(number, options, agents, open);
    }
  };
  await Promise.all(Array.from({ length: Math.min(joiningAtOnce, options.instances) }, worker));
  return {
    sessions: () => open.size,
    async stop() {
      await Promise.all(agents.map((agent) => agent.stop()));
    },
  };
}

async function join(number: number, options: FleetOptions, agents: Agent[], open: Set<number>): Promise<void> {
  const { log, behaviour } = options;
  const welcomed = Promise.withResolvers<void>();
  const overdue = setTimeout(() => welcomed.resolve(), joinTimeoutMs);
  const config = agentConfig(number, options);
  agents.push(
    await startAgent(config, {
      runtime: new SimulatedRuntime({ name: config.hostname, behaviour: () => behaviour }),
      stateStore: new MemoryStateStore(),
      certificateStore: new MemoryCertificateStore(),
      log,
      watchStreams: watched({
        onWelcome: () => {
          open.add(number);
          welcomed.resolve();
        },
        onEnd: () => open.delete(number),
      }),
    }),
  );
  await welcomed.promise;
  clearTimeout(overdue);
}

/** Sessions that tell when they open and end. */
const watched =
  (listener: { onWelcome(): void; onEnd(): void }) =>
  (openStream: OpenStream): OpenStream =>
  (endpoint, handlers) =>
    openStream(endpoint, {
      onMessage: (message) => {
        if (message.welcome) listener.onWelcome();
        handlers.onMessage(message);
      },
      onEnd: (reason, refusedForMs) => {
        listener.onEnd();
        handlers.onEnd(reason, refusedForMs);
      },
    });

const agentConfig = (number: number, { agent, zones, region }: FleetOptions): AgentConfig => ({
  ...agent,
  hostname: `fleet-${String(number + 1).padStart(5, '0')}`,
  address: simulatedAddress(number),
  availabilityZone: `${region}${String.fromCharCode('a'.charCodeAt(0) + (number % zones))}`,
});

/** Nothing answers there: 240.0.0.0/4 is reserved for ever. */
const simulatedAddress = (number: number): string => `240.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
