import test from 'ava';
import { createLab, type LabHost } from '@mini-ecs/lab';
import Docker from 'dockerode';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stillThere, tracesOfLab } from '../support/lab-traces.ts';

const dockerOf = (host: LabHost): Docker => new Docker({ socketPath: host.socket });

/** Starts a web server and gives its dynamic port. */
async function startWebServer(host: LabHost, page: string): Promise<number> {
  const container = await dockerOf(host).createContainer({
    Image: 'mini-ecs/sample',
    Cmd: ['sh', '-c', `echo ${page} > /www/index.html; exec httpd -f -p 8080 -h /www`],
    StopTimeout: 1,
    ExposedPorts: { '8080/tcp': {} },
    HostConfig: { PortBindings: { '8080/tcp': [{ HostPort: '' }] } },
  });
  await container.start();
  const { NetworkSettings } = await container.inspect();
  return Number(NetworkSettings.Ports['8080/tcp']?.[0]?.HostPort);
}

/** Undefined when nothing answers within a second. */
async function fetchPage(host: LabHost, port: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://${host.address}:${port}/`, { signal: AbortSignal.timeout(1_000) });
    return (await response.text()).trim();
  } catch {
    return undefined;
  }
}

async function answers(host: LabHost, port: number, page: string): Promise<boolean> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    if ((await fetchPage(host, port)) === page) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

test('each host runs containers on an engine of its own, reached at its address until its cable is cut', async (t) => {
  const lab = await createLab({ hosts: 2 });
  t.teardown(() => lab.destroy());
  const [one, two] = lab.hosts as [LabHost, LabHost];
  t.deepEqual([one.zone, two.zone], ['us-east-1a', 'us-east-1b']);
  const ports = [await startWebServer(one, 'first'), await startWebServer(two, 'second')] as const;
  t.true(await answers(one, ports[0], 'first'));
  t.true(await answers(two, ports[1], 'second'));
  t.is((await dockerOf(one).listContainers()).length, 1);

  await one.partition();
  t.is(await fetchPage(one, ports[0]), undefined);
  t.true(await answers(two, ports[1], 'second'));
  await one.heal();
  t.true(await answers(one, ports[0], 'first'));
});

test('a crashed engine leaves its containers running until it is started again', async (t) => {
  const lab = await createLab({ hosts: 1 });
  t.teardown(() => lab.destroy());
  const [host] = lab.hosts as [LabHost];
  const port = await startWebServer(host, 'still here');
  t.true(await answers(host, port, 'still here'));
  await host.killDocker();
  await t.throwsAsync(dockerOf(host).listContainers());
  t.true(await answers(host, port, 'still here'));
  await host.startDocker();
  t.is((await dockerOf(host).listContainers({ all: true })).length, 1);
});

test('labs run side by side, and a destroyed one leaves nothing', async (t) => {
  const labs = await Promise.all([createLab({ hosts: 1 }), createLab({ hosts: 1 })]);
  t.teardown(() => Promise.all(labs.map((lab) => lab.destroy())));
  t.not(labs[0].id, labs[1].id);
  const traces = tracesOfLab(labs[0].id);
  t.not(traces.length, 0);
  await labs[0].destroy();
  t.deepEqual(stillThere(traces, labs[0].id), []);
  t.is((await dockerOf(labs[1].hosts[0] as LabHost).listImages()).length, 1);
});

test('what a killed run left is removed when the next lab is made', async (t) => {
  const module = new URL('../../packages/lab/src/index.ts', import.meta.url).href;
  const program = `const { createLab } = await import(${JSON.stringify(module)});
    const lab = await createLab({ hosts: 1 });
    lab.hosts[0].spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
    console.log(JSON.stringify({ id: lab.id })); setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const left = JSON.parse(line.toString()) as { id: number };
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  const traces = tracesOfLab(left.id);
  t.not(traces.length, 0);

  const lab = await createLab({ hosts: 1 });
  t.teardown(() => lab.destroy());
  t.deepEqual(stillThere(traces, left.id), []);
  t.is((await dockerOf(lab.hosts[0] as LabHost).listContainers({ all: true })).length, 0);
});
