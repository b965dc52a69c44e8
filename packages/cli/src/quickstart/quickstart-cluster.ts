import type { ClientSettings } from '../client-settings.ts';
import type { Steps } from './steps.ts';

export interface StartedCluster {
  settings: ClientSettings;
  controllerDataDir: string;
}

/** A cluster that a quickstart brings up: on a lab of hosts, or on the Docker Engine that is there. */
export interface QuickstartCluster {
  /** The image of the sample service; every engine has it or can pull it. */
  readonly image: string;
  /** Programs are there, leftovers of a killed run are not. */
  prepare(steps: Steps): Promise<void>;
  /** Up to agents that have joined, in a cluster that exists. */
  start(steps: Steps, signal: AbortSignal): Promise<StartedCluster>;
  /** Removes whatever was made so far. */
  remove(): Promise<void>;
}

/** What a user can do about a step that failed. */
export const advice = {
  ports: 'choose other ports and another folder: npm start -- --api-port 7080 --agent-port 7081 --data-dir /tmp/mini-ecs-2',
  programs: 'install what it names by hand, then run this again.',
  logs: (folder: string): string => `the whole logs are in ${folder}. Run it again; if it fails again, report it with them.`,
};
