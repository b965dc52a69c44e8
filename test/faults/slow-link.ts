/**
 * Latency and loss on a host's cable, both ways. With netem where the kernel has it; else a slow link (token bucket: what waits is
 * late, what waits too long is lost) and packets that iptables drops at random.
 */
import type { LabHost } from '@mini-ecs/lab';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface LinkTrouble {
  what: string;
  end(): Promise<void>;
}

/** undefined: the kernel has no way to do it. */
export async function addLatency(host: LabHost, delayMs: number): Promise<LinkTrouble | undefined> {
  const netem = ['netem', 'delay', `${delayMs}ms`, `${Math.round(delayMs / 3)}ms`];
  if (await shapeBothWays(host, netem)) return { what: `netem delay ${delayMs} ms`, end: () => unshape(host) };
  // 40 kbit/s: a heartbeat waits 20 ms, a set of assignments seconds.
  const bucket = ['tbf', 'rate', '40kbit', 'burst', '1600', 'latency', `${delayMs * 10}ms`];
  if (!(await shapeBothWays(host, bucket))) return undefined;
  return { what: `a link of 40 kbit/s that holds back up to ${delayMs * 10} ms`, end: () => unshape(host) };
}

export async function addLoss(host: LabHost, percent: number): Promise<LinkTrouble> {
  if (await shapeBothWays(host, ['netem', 'loss', `${percent}%`]))
    return { what: `netem loss ${percent} %`, end: () => unshape(host) };
  const rules = [
    ['INPUT', '-i', 'eth0'],
    ['OUTPUT', '-o', 'eth0'],
  ].map((rule) => [...rule, '-m', 'statistic', '--mode', 'random', '--probability', String(percent / 100), '-j', 'DROP']);
  for (const rule of rules) await host.exec('iptables', ['-w', '-I', ...rule]);
  return {
    what: `${percent} % of packets dropped`,
    async end() {
      for (const rule of rules) await host.exec('iptables', ['-w', '-D', ...rule]);
    },
  };
}

/** What the host sends, and what is sent to it: the outer end of its cable has its name. False: the kernel lacks that discipline. */
async function shapeBothWays(host: LabHost, discipline: readonly string[]): Promise<boolean> {
  try {
    await host.exec('tc', ['qdisc', 'replace', 'dev', 'eth0', 'root', ...discipline]);
    await run('tc', ['qdisc', 'replace', 'dev', host.name, 'root', ...discipline]);
    return true;
  } catch (error) {
    if (/qdisc kind is unknown/.test(String(error))) return false;
    throw error;
  }
}

async function unshape(host: LabHost): Promise<void> {
  await host.exec('tc', ['qdisc', 'del', 'dev', 'eth0', 'root']);
  await run('tc', ['qdisc', 'del', 'dev', host.name, 'root']);
}
