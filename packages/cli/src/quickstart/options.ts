import type { ClientSettings } from '../client-settings.ts';

/** What `mini-ecs up` is told. */
export interface UpOptions {
  hosts: number;
  /** No lab, even where one is possible. */
  local?: true;
  cluster: string;
  apiPort: number;
  agentPort: number;
  region: string;
  accessKey: Pick<ClientSettings, 'accessKeyId' | 'secretAccessKey'>;
  dataDir: string;
}
