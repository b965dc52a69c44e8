/** A controller of two dies with the sessions of hundreds of agents: they come to the other one before anybody is judged lost. */
import test from 'ava';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { FleetCluster } from '../support/fleet-cluster.ts';
import { LightEcsClient } from '../support/light-ecs-client.ts';

const instances = 300;
/** The default. */
const leaseMs = 4_000;

test('hundreds of agents whose controller is killed are judged lost by nobody', async (t) => {
  const cluster = await FleetCluster.start({ instances, leaseMs, controllers: 2 });
  t.teardown(() => cluster.destroy());
  const [other] = cluster.further;
  const client = new LightEcsClient(other!);
  t.teardown(() => client.close());
  const log = (): string => readFileSync(other!.process.logFile, 'utf8');
  const toldBefore = log().length;
  await cluster.killController();
  await delay(4 * leaseMs);
  const { clusters } = await client.call<{ clusters: { registeredContainerInstancesCount: number }[] }>('DescribeClusters', {
    clusters: ['default'],
  });
  t.is(clusters[0]?.registeredContainerInstancesCount, instances);
  t.notRegex(log().slice(toldBefore), /longer than their lease: lost/);
  t.is(await connected(client), instances);
});

async function connected(client: LightEcsClient): Promise<number> {
  let count = 0;
  for (let nextToken: string | undefined, first = true; first || nextToken !== undefined; first = false) {
    const page = await client.call<{ containerInstanceArns: string[]; nextToken?: string }>('ListContainerInstances', {
      nextToken,
    });
    const { containerInstances } = await client.call<{ containerInstances: { agentConnected: boolean }[] }>(
      'DescribeContainerInstances',
      { containerInstances: page.containerInstanceArns },
    );
    count += containerInstances.filter(({ agentConnected }) => agentConnected).length;
    nextToken = page.nextToken;
  }
  return count;
}
