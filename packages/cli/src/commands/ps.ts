import type { Command } from 'commander';
import { withAnyController } from '../any-controller.ts';
import { createEcsClient } from '../api-client.ts';
import { defaultDataDir } from '../client-settings.ts';
import { readTaskRows, renderTaskTable } from '../task-table.ts';

interface PsOptions {
  cluster: string;
  stopped?: true;
  dataDir: string;
}

export const psCommand = (command: Command): Command =>
  command
    .option('--cluster <name>', 'the cluster', 'default')
    .option('--stopped', 'the tasks that have stopped lately, instead of those that run or start')
    .option('--data-dir <folder>', 'data directory of the controller or quickstart (MINI_ECS_DATA_DIR)', defaultDataDir())
    .action(async ({ cluster, stopped, dataDir }: PsOptions) => {
      const desired = stopped ? 'STOPPED' : 'RUNNING';
      const rows = await withAnyController(dataDir, (settings) => readTaskRows(createEcsClient(settings), cluster, desired));
      console.log(renderTaskTable(rows));
    });
