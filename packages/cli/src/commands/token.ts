import { parseDuration } from '@mini-ecs/shared';
import { Command, InvalidArgumentError } from 'commander';
import { withAnyController } from '../any-controller.ts';
import { defaultDataDir } from '../client-settings.ts';
import { attributesText, describeJoinToken, explainJoinToken } from '../join-token-text.ts';
import { createJoinToken, listJoinTokens, revokeJoinToken } from '../join-tokens.ts';
import { renderTable } from '../table.ts';

interface Where {
  cluster: string;
  dataDir: string;
}

interface Wishes extends Where {
  ttl: number;
  uses: number;
  attribute: Record<string, string>;
  instance?: string;
  json?: true;
}

export const tokenCommand = (command: Command): Command =>
  command.addCommand(createCommand()).addCommand(listCommand()).addCommand(revokeCommand());

/** Of a cluster, by the API that the environment or the data directory names. */
export const ofCluster = (command: Command): Command =>
  command
    .option('--cluster <name>', 'the cluster', 'default')
    .option('--data-dir <folder>', 'data directory of the controller or quickstart (MINI_ECS_DATA_DIR)', defaultDataDir());

const createCommand = (): Command =>
  ofCluster(new Command('create').description('Print a token that lets a new host join: mini-ecs agent --join-token …'))
    .option('--ttl <duration>', 'how long it can be used: 15m, 1h, 7d', seconds, 3600)
    .option('--uses <n>', 'how many hosts may join with it', count, 1)
    .option('--attribute <name=value>', 'an attribute of every instance that joins with it; may be repeated', attribute, {})
    .option('--instance <id>', 'only for this instance, which may have joined before: it lost its certificate, or it was revoked')
    .option('--json', 'print one JSON object: the token, its parts, and what it allows')
    .action(async ({ dataDir, ttl, uses, attribute: attributes, json, ...where }: Wishes) => {
      const wishes = { ...where, ttlSeconds: ttl, uses, attributes };
      const made = await withAnyController(dataDir, (settings) => createJoinToken(settings, wishes));
      if (json) return console.log(JSON.stringify(describeJoinToken(made)));
      // Stdout is the token alone: scripts take it from there.
      console.error(explainJoinToken(made));
      console.log(made.token);
    });

const listCommand = (): Command =>
  ofCluster(new Command('list').description('List the join tokens of a cluster, without their secrets')).action(
    async ({ cluster, dataDir }: Where) => {
      const tokens = await withAnyController(dataDir, (settings) => listJoinTokens(settings, cluster));
      const rows = tokens.map(({ id, status, uses, usesLeft, expiresAt, instance, attributes }) => [
        id,
        status,
        `${usesLeft} of ${uses}`,
        expiresAt,
        instance ?? '',
        attributesText(attributes),
      ]);
      console.log(renderTable(['TOKEN', 'STATUS', 'USES LEFT', 'EXPIRES', 'INSTANCE', 'ATTRIBUTES'], rows));
    },
  );

const revokeCommand = (): Command =>
  ofCluster(new Command('revoke').description('Revoke a join token; who joined with it stays'))
    .argument('<id>', "the token's id, its second part")
    .action(async (id: string, { cluster, dataDir }: Where) => {
      await withAnyController(dataDir, (settings) => revokeJoinToken(settings, cluster, id));
      console.log(`join token ${id} is revoked`);
    });

function seconds(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1000) throw new InvalidArgumentError('A duration such as 15m, 1h or 7d.');
  return Math.floor(ms / 1000);
}

function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('A number of hosts, 1 or more.');
  return Number(text);
}

function attribute(text: string, others: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('An attribute is <name>=<value>.');
  return { ...others, [name]: value };
}
