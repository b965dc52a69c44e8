/** `npm start` and what it prints, as a newcomer would use it. */
import { createLab } from '@mini-ecs/lab';
import test, { type ExecutionContext } from 'ava';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { controllerPorts } from '../support/free-ports.ts';
import { stillThere, tracesOfLab } from '../support/lab-traces.ts';
import { dockerOf } from '../support/task-containers.ts';

const program = path.resolve('packages/cli/bin/mini-ecs.js');
const execute = promisify(execFile);

interface Quickstart {
  process: ChildProcess;
  /** Both streams, so far. */
  lines: string[];
  /** Settles when it is ready; rejects when it ends before. */
  ready: Promise<void>;
}

async function aDataDir(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mini-ecs-quickstart-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function startQuickstart(t: ExecutionContext, dataDir: string): Promise<Quickstart> {
  const [{ apiPort, agentPort }] = await controllerPorts(1);
  const ports = ['--api-port', String(apiPort), '--agent-port', String(agentPort)];
  return watchQuickstart(t, process.execPath, [program, 'up', '--data-dir', dataDir, ...ports]);
}

function watchQuickstart(t: ExecutionContext, command: string, args: string[], variables: NodeJS.ProcessEnv = {}): Quickstart {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...variables } });
  t.teardown(() => end(child, 'SIGINT'));
  const lines: string[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', (line) => {
        lines.push(line);
        if (line === 'mini-ecs is ready') resolve();
      });
    }
    child.once('exit', () => reject(new Error(`mini-ecs up ended:\n${lines.join('\n')}`)));
  });
  ready.catch(() => undefined);
  return { process: child, lines, ready };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}

const miniEcs = async (...args: string[]): Promise<string> => (await execute(process.execPath, [program, ...args])).stdout;

/** The lab that the hosts in the table belong to. */
const labOf = ({ lines }: Quickstart): number => Number(/\bmecs(\d+)-1\b/.exec(lines.join('\n'))?.[1]);

test.serial('up shows three hosts with a sample service, its commands work, and Ctrl-C removes all of it', async (t) => {
  const dataDir = await aDataDir(t);
  const up = await startQuickstart(t, dataDir);
  await up.ready;
  const rows = up.lines.filter((line) => / service:sample-web /.test(line));
  t.is(rows.length, 3);
  t.deepEqual(rows.map((row) => /us-east-1[a-c]/.exec(row)?.[0] ?? '').sort(), ['us-east-1a', 'us-east-1b', 'us-east-1c']);
  t.true(rows.every((row) => row.endsWith('RUNNING')));

  const settings = (await miniEcs('env', '--data-dir', dataDir)).trim();
  t.true(up.lines.some((line) => line.trim() === settings));
  // An agent that lost its session for a moment is told, too: its rows are others then.
  t.true(
    await eventually(async () => {
      const table = await miniEcs('ps', '--data-dir', dataDir);
      return rows.every((row) => table.includes(row));
    }),
  );
  const [task = ''] = rows[0]?.split(/\s+/) ?? [];
  t.regex(await miniEcs('logs', task, '--data-dir', dataDir), /^sample-web listens on port 8080$/m);
  t.is((await miniEcs('logs', task, 'web', '--tail', '1', '--data-dir', dataDir)).trim().split('\n').length, 1);

  const second = await startQuickstart(t, dataDir);
  await t.throwsAsync(second.ready, { message: /another mini-ecs up .* --api-port/s });

  const traces = tracesOfLab(labOf(up));
  t.not(traces.length, 0);
  t.is(await end(up.process, 'SIGINT'), 0, up.lines.join('\n'));
  t.deepEqual(stillThere(traces, labOf(up)), []);
  t.deepEqual(readdirSync(dataDir), []);
});

test.serial('up works again after it was killed, and removes what the killed one left', async (t) => {
  const dataDir = await aDataDir(t);
  const killed = await startQuickstart(t, dataDir);
  await killed.ready;
  await end(killed.process, 'SIGKILL');
  const left = tracesOfLab(labOf(killed));
  t.not(left.length, 0);

  const up = await startQuickstart(t, dataDir);
  await up.ready;
  t.deepEqual(stillThere(left, labOf(killed)), []);
  const traces = tracesOfLab(labOf(up));
  t.is(await end(up.process, 'SIGTERM'), 0);
  t.deepEqual(stillThere(traces, labOf(up)), []);
});

test.serial('Ctrl-C while it starts leaves nothing either', async (t) => {
  const dataDir = await aDataDir(t);
  const up = await startQuickstart(t, dataDir);
  await new Promise<void>((resolve) => {
    up.process.stderr?.on('data', () => up.lines.some((line) => line.includes('Controller and Redis')) && resolve());
  });
  await end(up.process, 'SIGINT');
  t.false(up.lines.includes('mini-ecs is ready'));
  t.deepEqual(readdirSync(dataDir), []);
});

test.serial('up --local runs the same sample on the one Docker Engine that is there', async (t) => {
  const lab = await createLab({ hosts: 1, images: [] });
  t.teardown(() => lab.destroy());
  const [host] = lab.hosts;
  if (!host) throw new Error('a host expected');
  const dataDir = await aDataDir(t);
  const [command = '', ...args] = host.commandInside([process.execPath, program, 'up', '--local', '--data-dir', dataDir]);
  const up = watchQuickstart(t, command, args, { DOCKER_HOST: `unix://${host.socket}` });
  await up.ready;
  t.is(up.lines.filter((line) => /service:sample-web .* RUNNING$/.test(line)).length, 3);
  t.is(await end(up.process, 'SIGINT'), 0, up.lines.join('\n'));
  t.deepEqual(await dockerOf(host).listContainers({ all: true }), []);
  t.deepEqual(readdirSync(dataDir), []);
});
