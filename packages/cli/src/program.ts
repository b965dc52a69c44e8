import { Command, CommanderError } from 'commander';
import { messageOf } from './failure.ts';

/** Each command's module is loaded when it is called for: an agent needs no API, `ps` neither. */
const commands: Record<string, { description: string; load: () => Promise<(command: Command) => Command> }> = {
  up: {
    description: 'Run a whole cluster on this machine, with a sample web service, until Ctrl-C; then remove all of it',
    load: async () => (await import('./commands/up.ts')).upCommand,
  },
  env: {
    description: 'Print the settings of any AWS client for this machine\'s controller: eval "$(npx mini-ecs env)"',
    load: async () => (await import('./commands/env.ts')).envCommand,
  },
  ps: {
    description: 'List the tasks of a cluster: host, zone, address and status',
    load: async () => (await import('./commands/ps.ts')).psCommand,
  },
  logs: {
    description: "Print a container's log, read through the agent of its host",
    load: async () => (await import('./commands/logs.ts')).logsCommand,
  },
  token: {
    description: 'Make, list and revoke the join tokens that let hosts into a cluster',
    load: async () => (await import('./commands/token.ts')).tokenCommand,
  },
  certificate: {
    description: 'List and revoke the certificates of container instances',
    load: async () => (await import('./commands/certificate.ts')).certificateCommand,
  },
  controller: {
    description: 'Run a controller: the ECS API, the scheduler and the door for agents; with a Redis of its own unless given one',
    load: async () => (await import('./commands/controller.ts')).controllerCommand,
  },
  agent: {
    description: 'Run the agent of this host: joins its Docker Engine to a cluster as a container instance',
    load: async () => (await import('./commands/agent.ts')).agentCommand,
  },
  fleet: {
    description: 'Run many agents with simulated containers in one process, to see how a large cluster behaves',
    load: async () => (await import('./commands/fleet.ts')).fleetCommand,
  },
};

/** The program with the commands that `args` name in full, and of the others what `--help` lists. */
export async function createProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('mini-ecs').description(
    'Amazon ECS that you own: a controller and one agent per host turn a few machines into an ECS cluster.',
  );
  for (const [name, { description, load }] of Object.entries(commands)) {
    const command = new Command(name).description(description);
    program.addCommand(args.includes(name) ? (await load())(command) : command);
  }
  return program;
}

/** Runs the command line to its end. What goes wrong is one message on stderr and exit code 1. */
export async function main(argv: string[]): Promise<void> {
  try {
    const program = await createProgram(argv.slice(2));
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) throw error;
    console.error(`mini-ecs: ${messageOf(error)}`);
    process.exitCode = 1;
  }
}
