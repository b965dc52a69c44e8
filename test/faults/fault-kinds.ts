/** The faults of a campaign: what strikes, whom, and what ends it. */
import type { LabHost } from '@mini-ecs/lab';
import type { ManagedProcess } from 'mini-ecs';
import type { Dice } from '../simulation/dice.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import { addLatency, addLoss, type LinkTrouble } from './slow-link.ts';

export interface Fault {
  kind: FaultKind;
  /** What no second fault may strike meanwhile: `agent 2`, `redis`. */
  victim: string;
  /** The host that it befalls: containers of services may come and go there. */
  host?: LabHost;
  /** It ends what runs on the host. */
  endsContainers?: true;
  /** Resolves to what was done, once it is; undefined: there was nothing to strike, or no way to. */
  strike(): Promise<string | undefined>;
  heal(): Promise<void>;
}

type Maker = (cluster: TestCluster, dice: Dice) => Omit<Fault, 'kind'>;

const makers = {
  agentKill: (cluster, dice) => {
    const { agent, host, number } = agentOf(cluster, dice);
    return { victim: `agent ${number}`, host, ...killed(agent) };
  },
  agentPause: (cluster, dice) => {
    const { agent, host, number } = agentOf(cluster, dice);
    return { victim: `agent ${number}`, host, ...paused(() => agent.pid) };
  },
  controllerKill: (cluster, dice) => {
    const { controller, number } = controllerOf(cluster, dice);
    return { victim: `controller ${number}`, ...killed(controller) };
  },
  controllerPause: (cluster, dice) => {
    const { controller, number } = controllerOf(cluster, dice);
    return { victim: `controller ${number}`, ...paused(() => controller.pid) };
  },
  partition: (cluster, dice) => {
    const host = dice.pick(cluster.hosts);
    const strike = (): Promise<string> => host.partition().then(() => `${host.name} cut off`);
    return { victim: `link ${host.number}`, host, strike, heal: () => host.heal() };
  },
  latency: (cluster, dice) => linkTrouble(cluster, dice, (host) => addLatency(host, dice.whole(50, 400))),
  loss: (cluster, dice) => linkTrouble(cluster, dice, (host) => addLoss(host, dice.whole(5, 30))),
  /** The controllers start it again, whoever of them lives. */
  redisKill: (cluster) => ({
    victim: 'redis',
    async strike() {
      const pids = cluster.redisPids();
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      return pids.length === 0 ? undefined : `redis-server ${pids.join(', ')} killed`;
    },
    heal: () => Promise.resolve(),
  }),
  redisPause: (cluster) => ({ victim: 'redis', ...paused(() => cluster.redisPids()[0]) }),
  dockerKill: (cluster, dice) => {
    const host = dice.pick(cluster.hosts);
    const strike = (): Promise<string> => host.killDocker().then(() => `the engine of ${host.name} killed`);
    return { victim: `engine ${host.number}`, host, endsContainers: true, strike, heal: () => host.startDocker() };
  },
} as const satisfies Record<string, Maker>;

export type FaultKind = keyof typeof makers;
export const faultKinds = Object.keys(makers) as FaultKind[];

export const makeFault = (kind: FaultKind, cluster: TestCluster, dice: Dice): Fault => ({ kind, ...makers[kind](cluster, dice) });

// ── victims ──

function agentOf({ agents, hosts }: TestCluster, dice: Dice): { agent: ManagedProcess; host: LabHost; number: number } {
  const index = dice.below(hosts.length);
  const [agent, host] = [agents[index], hosts[index]];
  if (!agent || !host) throw new Error(`no host ${index}`);
  return { agent, host, number: host.number };
}

function controllerOf({ controllers }: TestCluster, dice: Dice): { controller: ManagedProcess; number: number } {
  const index = dice.below(controllers.length);
  const controller = controllers[index];
  if (!controller) throw new Error(`no controller ${index}`);
  return { controller, number: index + 1 };
}

// ── ways ──

type Way = Pick<Fault, 'strike' | 'heal'>;

const killed = (victim: ManagedProcess): Way => ({
  async strike() {
    const { pid } = victim;
    await victim.stop('SIGKILL');
    return pid === undefined ? undefined : `process ${pid} killed`;
  },
  heal() {
    victim.start();
    return Promise.resolve();
  },
});

function paused(pidOf: () => number | undefined): Way {
  let pid: number | undefined;
  return {
    strike() {
      pid = pidOf();
      if (pid !== undefined) process.kill(pid, 'SIGSTOP');
      return Promise.resolve(pid === undefined ? undefined : `process ${pid} stopped for a while`);
    },
    heal() {
      try {
        if (pid !== undefined) process.kill(pid, 'SIGCONT');
      } catch (error) {
        // It was given up and killed meanwhile: by whoever waited for it.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
      return Promise.resolve();
    },
  };
}

function linkTrouble(
  cluster: TestCluster,
  dice: Dice,
  add: (host: LabHost) => Promise<LinkTrouble | undefined>,
): Omit<Fault, 'kind'> {
  const host = dice.pick(cluster.hosts);
  let end: () => Promise<void> = () => Promise.resolve();
  return {
    victim: `link ${host.number}`,
    host,
    async strike() {
      const trouble = await add(host);
      if (!trouble) return undefined;
      end = () => trouble.end();
      return `${host.name}: ${trouble.what}`;
    },
    heal: () => end(),
  };
}
